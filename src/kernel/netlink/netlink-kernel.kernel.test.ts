import { testKernel } from "../testing/kernel-cases.ts"
import { withNamespaces } from "../testing/namespaces-or-skip.ts"
import { netlinkKernel } from "./netlink-kernel.ts"

withNamespaces((folder) => {
  const kernel = netlinkKernel()
  testKernel("netlink", () => kernel, folder)
})
