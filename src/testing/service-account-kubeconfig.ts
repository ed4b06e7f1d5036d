import { readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { serviceAccounts } from "../api/resources.ts"
import type { Kube } from "../kube/kube.ts"

/**
 * A kubeconfig of a service account of kube-system: what its manifest does not grant, it cannot do. With `pod` the token
 * is the one that the kubelet gives that pod, which also names its node. `admin` is the path of the kubeconfig to vary.
 */
export async function serviceAccountKubeconfig(
  kube: Kube,
  admin: string,
  account: string,
  pod?: { name: string; uid: string },
): Promise<string> {
  const target = { name: account, namespace: "kube-system" }
  const spec = pod ? { boundObjectRef: { apiVersion: "v1", kind: "Pod", ...pod } } : {}
  const request = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec }
  const answer = await kube.createSubresource(serviceAccounts, target, "token", request)
  const { status } = answer as { status: { token: string } }
  const config = JSON.parse(readFileSync(admin, "utf8")) as { users: { user: object }[] }
  for (const user of config.users) user.user = { token: status.token }
  const file = join(dirname(admin), `kubeconfig-${account}-${pod?.name ?? "unbound"}`)
  writeFileSync(file, JSON.stringify(config))
  return file
}
