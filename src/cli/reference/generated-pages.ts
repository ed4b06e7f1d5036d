import { commands } from "../commands.ts"
import { cliPage } from "./cli-page.ts"
import { doctorPage } from "./doctor-page.ts"
import { errorsPage } from "./errors-page.ts"

/** Every generated page, by its path from the root of the repository. */
export const generatedPages: Readonly<Record<string, () => string>> = {
  "docs/cli.md": () => cliPage(commands),
  "docs/doctor.md": doctorPage,
  "docs/errors.md": errorsPage,
}
