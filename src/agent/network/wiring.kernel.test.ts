import { netlinkKernel } from "../../kernel/netlink/netlink-kernel.ts"
import { withNamespaces } from "../../kernel/testing/namespaces-or-skip.ts"
import { branchCases } from "./testing/branch-cases.ts"
import { interfaceCases } from "./testing/interface-cases.ts"
import { leftoverCases } from "./testing/leftover-cases.ts"
import { podCases } from "./testing/pod-cases.ts"
import { testWiring } from "./testing/wiring-stage.ts"

withNamespaces((folder) => {
  const kernel = netlinkKernel()
  const cases = [...podCases, ...interfaceCases, ...leftoverCases]
  testWiring("netlink", cases, () => kernel, folder)
  const skip = kernel.host.supports("vlan") ? undefined : "this kernel has no VLAN links (8021q)"
  testWiring("netlink", branchCases, () => kernel, `${folder}/branch`, skip)
})
