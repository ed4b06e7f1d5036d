import { namespace } from "./procedure.ts"
import type { Shell } from "./shell.ts"

/** Pods asked at once: each question is a kubectl process. */
const parallel = 4

/** Asks a host on the internet, from inside each pod, which source address it sees. */
export async function sourcesSeen(
  shell: Shell,
  pods: readonly string[],
  internetUrl: string,
): Promise<Map<string, string>> {
  const seen = new Map<string, string>()
  const queue = [...pods]
  const worker = async () => {
    for (let pod = queue.shift(); pod !== undefined; pod = queue.shift()) {
      const got = await shell(`kubectl exec -n ${namespace} ${pod} -- curl -s -m 3 ${internetUrl}`)
      seen.set(pod, got.exit === 0 ? sourceIn(got.stdout) : "unreachable")
    }
  }
  await Promise.all(Array.from({ length: parallel }, worker))
  return seen
}

function sourceIn(body: string): string {
  try {
    const { sourceAddress } = JSON.parse(body) as { sourceAddress?: string }
    return sourceAddress ?? "unreadable"
  } catch {
    return "unreadable"
  }
}

/** The addresses that answer HTTP on 8080 when asked from inside `from`. */
export async function answering(
  shell: Shell,
  from: string,
  addresses: readonly string[],
): Promise<Set<string>> {
  const script = addresses
    .map((a) => `curl -s -o /dev/null -m 3 http://${a}:8080/ && echo ${a}`)
    .join("; ")
  const got = await shell(`kubectl exec -n ${namespace} ${from} -- sh -c '${script}; true'`)
  return new Set(got.stdout.split("\n").filter((l) => l !== ""))
}
