import { fail } from "../../errors/catalogue.ts"
import { plural } from "../../fleet/doctor/finding.ts"
import type { ApplyContext, StepWork } from "./step-work.ts"

const nothing = async () => {}
const holds = async () => undefined

export function blockWork({ plan, store, network }: ApplyContext, cidr: string): StepWork {
  const vpcId = plan.site.vpcId ?? ""
  const key = `block:${cidr}`
  const find = async () =>
    (await network.blocks(vpcId)).find((b) => b.cidr === cidr && b.state !== "disassociated")
  return {
    async carryOut() {
      if ((await find()) !== undefined) return
      await note(store, key)
      await network.associateBlock(vpcId, cidr)
    },
    async gate() {
      const block = await find()
      if (block?.state === "failed" || block?.state === "failing")
        throw fail("cli/step-failed", {
          step: cidr,
          why: `the VPC's association is ${block.state}`,
        })
      if (block?.state !== "associated") return `${cidr} is ${block?.state ?? "not associated"}`
      store.state.ids[key] = block.associationId
      return undefined
    },
    async takeBack() {
      const block = await find()
      if (!store.state.made.includes(key) || block?.state !== "associated") return
      await network.disassociateBlock(block.associationId)
    },
    async goneGate() {
      if (!store.state.made.includes(key)) return undefined
      const block = await find()
      return block && `${cidr} is ${block.state}`
    },
  }
}

export function subnetWork({ plan, store, network }: ApplyContext): StepWork {
  const vpcId = plan.site.vpcId ?? ""
  const fresh = plan.layout.subnets.filter((s) => s.id === undefined)
  const keyOf = (zone: string) => `subnet:${zone}`
  const all = async () => {
    const there = await network.subnets(vpcId)
    return fresh.map((wanted) => ({ wanted, found: there.find((s) => s.cidr === wanted.cidr) }))
  }
  const mine = async () =>
    (await all()).flatMap(({ wanted, found }) =>
      found !== undefined && store.state.made.includes(keyOf(wanted.zone)) ? [found] : [],
    )
  return {
    async carryOut() {
      for (const { wanted, found } of await all()) {
        const { zone, cidr } = wanted
        if (found !== undefined) {
          if (found.zone === zone) continue
          const why = `${found.id} has ${cidr} already, in ${found.zone}`
          throw fail("cli/step-failed", { step: `a subnet in ${zone}`, why })
        }
        await note(store, keyOf(zone))
        const name = `${plan.site.cluster ?? "cluster"}-pods-${zone}`
        await network.createSubnet({ vpcId, zone, cidr, name })
      }
    },
    async gate() {
      for (const { wanted, found } of await all()) {
        if (found?.state !== "available")
          return `${wanted.cidr} in ${wanted.zone} is ${found?.state ?? "not there"}`
        store.state.ids[keyOf(wanted.zone)] = found.id
      }
      return undefined
    },
    async takeBack() {
      for (const { id } of await mine())
        if ((await network.interfacesIn(id)) === 0) await network.deleteSubnet(id)
    },
    async goneGate() {
      const [left] = await mine()
      if (left === undefined) return undefined
      const count = await network.interfacesIn(left.id)
      if (count === 0) return `${left.id} is being deleted`
      return `${left.id} has ${plural(count, "interface")}: pods there must move first (kubectl rollout restart, or replace the nodes)`
    },
  }
}

export function routeWork({ plan, store, network }: ApplyContext): StepWork {
  const { vpcId = "", routeTables } = plan.site
  const wanted = plan.layout.subnets.flatMap(({ id, zone }) => {
    const table = routeTables[zone]
    return id === undefined && table !== undefined ? [{ zone, table }] : []
  })
  const all = async () => {
    const tables = await network.routeTables(vpcId)
    return wanted.map(({ zone, table }) => {
      const subnet = store.state.ids[`subnet:${zone}`] ?? ""
      return { subnet, table, has: tables.find((t) => t.subnetIds.includes(subnet))?.id }
    })
  }
  return {
    async carryOut() {
      for (const { subnet, table, has } of await all()) {
        if (has === undefined) await network.associateRouteTable(subnet, table)
        else if (has !== table)
          throw fail("cli/step-failed", {
            step: `routes of ${subnet}`,
            why: `it has ${has} already`,
          })
      }
    },
    async gate() {
      const missing = (await all()).find(({ table, has }) => has !== table)
      return missing && `${missing.subnet || "a subnet"} is not associated with ${missing.table}`
    },
    takeBack: nothing,
    goneGate: holds,
  }
}

/** Notes what is about to be made, so that it is known as ours even if this process ends within the call. */
export async function note(store: ApplyContext["store"], key: string): Promise<void> {
  if (!store.state.made.includes(key)) store.state.made.push(key)
  await store.save()
}
