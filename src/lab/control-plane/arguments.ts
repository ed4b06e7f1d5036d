import { join } from "node:path"
import type { ControlPlaneKeys } from "./keys.ts"

/** Durability is not wanted: the lab's state ends with the lab. */
export const etcdArgs = (folder: string, port: number, peerPort: number) => [
  `--data-dir=${join(folder, "etcd")}`,
  `--listen-client-urls=http://127.0.0.1:${port}`,
  `--advertise-client-urls=http://127.0.0.1:${port}`,
  `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
  `--initial-advertise-peer-urls=http://127.0.0.1:${peerPort}`,
  `--initial-cluster=default=http://127.0.0.1:${peerPort}`,
  "--unsafe-no-fsync=true",
  "--log-level=warn",
]

export const apiServerArgs = (
  keys: ControlPlaneKeys,
  at: { etcdPort: number; port: number; address: string; egressFile: string },
) => [
  `--etcd-servers=http://127.0.0.1:${at.etcdPort}`,
  "--bind-address=0.0.0.0",
  `--secure-port=${at.port}`,
  ...(at.address.startsWith("127.") ? [] : [`--advertise-address=${at.address}`]),
  `--tls-cert-file=${keys.certFile}`,
  `--tls-private-key-file=${keys.keyFile}`,
  `--token-auth-file=${keys.tokenFile}`,
  "--authorization-mode=RBAC",
  "--service-account-issuer=https://kubernetes.default.svc",
  `--service-account-signing-key-file=${keys.accountKeyFile}`,
  `--service-account-key-file=${keys.accountPublicKeyFile}`,
  "--service-cluster-ip-range=10.96.0.0/16",
  "--allow-privileged=true",
  "--kubelet-preferred-address-types=InternalIP",
  `--egress-selector-config-file=${at.egressFile}`,
  // No service network here, and a loopback address is refused as an endpoint.
  "--endpoint-reconciler-type=none",
  "--profiling=false",
]

export const schedulerArgs = (config: string, port: number) => [
  `--kubeconfig=${config}`,
  `--authentication-kubeconfig=${config}`,
  `--authorization-kubeconfig=${config}`,
  "--leader-elect=false",
  "--bind-address=127.0.0.1",
  `--secure-port=${port}`,
]

export const managerArgs = (config: string, keys: ControlPlaneKeys, port: number) => [
  `--kubeconfig=${config}`,
  `--authentication-kubeconfig=${config}`,
  `--authorization-kubeconfig=${config}`,
  "--leader-elect=false",
  "--bind-address=127.0.0.1",
  `--secure-port=${port}`,
  `--service-account-private-key-file=${keys.accountKeyFile}`,
  `--root-ca-file=${keys.certFile}`,
  // The lab's nodes come and go in seconds, and its bursts are larger than a quiet cluster's.
  "--kube-api-qps=200",
  "--kube-api-burst=400",
]
