// Goal: unmodified kubectl works against the lab's API server: each command prints what it prints on any cluster.
import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { readdirSync, readFileSync, realpathSync } from "node:fs"
import { delimiter, dirname, join } from "node:path"
import { after, before, describe, test } from "node:test"
import { type KubectlWorld, kubectlWorld } from "./testing/kubectl-world.ts"

const found = (process.env.PATH ?? "")
  .split(delimiter)
  .map((folder) => join(folder, "kubectl"))
  .find((path) => spawnSync(path, ["version", "--client"]).status === 0)
const skip = found === undefined ? "kubectl is not on the PATH" : false

/** kubectl of other versions, where an installation keeps them beside it ("kubectl.1.27"). */
const others = (() => {
  if (found === undefined) return []
  const folder = dirname(realpathSync(found))
  return readdirSync(folder)
    .filter((name) => /^kubectl\.1\.\d+$/.test(name))
    .map((name) => join(folder, name))
})()

const daemonSet = `
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: aws-node, namespace: kube-system}
spec:
  selector: {matchLabels: {k8s-app: aws-node}}
  template:
    metadata: {labels: {k8s-app: aws-node}}
    spec:
      tolerations: [{operator: Exists}]
      containers: [{name: aws-node, image: "registry.example.com/berth-agent:v0.1.0"}]
`
const web = (replicas: number, image = "web:1") => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: "${image}", resources: {requests: {cpu: 100m}}}]
`
const eniConfig = (subnet: string) => `
apiVersion: crd.k8s.amazonaws.com/v1alpha1
kind: ENIConfig
metadata: {name: us-west-2a}
spec: {subnet: ${subnet}, securityGroups: [sg-0123456789abcdef0]}
`
const definition = readFileSync(join(import.meta.dirname, "../../../crds/eniconfig.yaml"), "utf8")

describe("kubectl", { skip }, () => {
  let world: KubectlWorld
  before(async () => {
    world = await kubectlWorld()
  })
  after(() => world?.[Symbol.asyncDispose]())

  /** Runs a command line; `out` is what it must print (all of stdout, or a pattern of both streams). */
  const prints = async (line: string, wanted: string | RegExp, input?: string) => {
    const { code, out, err } = await world.kubectl(words(line), input)
    const shown = `kubectl ${line}: exit ${code}\n${out}${err}`
    assert.equal(code, 0, shown)
    if (typeof wanted === "string") assert.equal(out.trim(), wanted.trim(), shown)
    else assert.match(`${out}${err}`, wanted, shown)
  }
  const fails = async (line: string, wanted: string | RegExp, input?: string) => {
    const { code, out, err } = await world.kubectl(words(line), input)
    const shown = `kubectl ${line}: exit ${code}\n${out}${err}`
    assert.notEqual(code, 0, shown)
    if (typeof wanted === "string") assert.equal(err.trim(), wanted.trim(), shown)
    else assert.match(err, wanted, shown)
  }

  test("tells the server's version, its resources and where it is", async () => {
    await prints("version", /Server Version: v1\.35\./)
    await prints("api-resources --api-group=apps -o name", /^daemonsets\.apps$/m)
    await prints("api-versions", /^apps\/v1$/m)
    await prints("cluster-info", /Kubernetes control plane.* is running at/)
    await prints("auth can-i create pods", "yes")
    await prints("get --raw /readyz", "ok")
  })

  test("apply makes, changes, leaves alone, and deletes; diff and dry runs change nothing", async () => {
    await prints("apply -f -", "deployment.apps/web created", web(2))
    await prints("apply -f -", "deployment.apps/web unchanged", web(2))
    const changes = await world.kubectl(["diff", "-f", "-"], web(3))
    assert.equal(changes.code, 1)
    assert.match(changes.out, /^-\s+replicas: 2\n\+\s+replicas: 3$/m)
    await prints(
      "apply --dry-run=server -f -",
      "deployment.apps/web configured (server dry run)",
      web(9),
    )
    await prints("get deployment web -o jsonpath={.spec.replicas}", "2")
    await prints("apply -f -", "deployment.apps/web configured", web(3))
    await prints("rollout status deployment/web --timeout=30s", /successfully rolled out/)
    await prints(
      "wait deployment/web --for=condition=Available --timeout=30s",
      "deployment.apps/web condition met",
    )
    await prints(
      "wait deployment/web --for=jsonpath={.status.readyReplicas}=3 --timeout=30s",
      /condition met/,
    )
  })

  test("apply refuses what the API refuses, in the API's words", async () => {
    const unknown = web(1).replace("replicas", "replicass")
    await fails(
      "apply -f -",
      /strict decoding error: unknown field "spec\.replicass"|unknown field "spec\.replicass"/,
      unknown,
    )
    await fails(
      "create -f -",
      /Error from server \(AlreadyExists\).*deployments\.apps "web" already exists/,
      web(1),
    )
    const empty = web(1).replace('image: "web:1"', 'image: ""')
    await fails(
      "apply -f -",
      /is invalid: spec\.template\.spec\.containers\[0\]\.image: Required value/,
      empty.replaceAll("web", "other"),
    )
    await fails("get pods absent", 'Error from server (NotFound): pods "absent" not found')
    await fails("get bogus", /the server doesn't have a resource type "bogus"/)
  })

  test("get prints kubectl's own columns", async () => {
    await prints(
      "get nodes",
      /^NAME +STATUS +ROLES +AGE +VERSION\nnode-a +Ready +<none> +\d+s +v1\.35\.4$/m,
    )
    await prints(
      "get pods -o wide",
      /^NAME +READY +STATUS +RESTARTS +AGE +IP +NODE +NOMINATED NODE +READINESS GATES\nweb-\S+ +1\/1 +Running +0 +\d+s +10\.0\.1\.1 +node-[ab] +<none> +<none>$/m,
    )
    await prints(
      "get deployments",
      /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +3\/3 +3 +3 +\d+s$/m,
    )
    await prints("get all", /^replicaset\.apps\/web-\S+ +3 +3 +3 +\d+s$/m)
    await prints(
      "get pods -A -l app=web --field-selector spec.nodeName=node-a -o name",
      /^pod\/web-/m,
    )
    await prints(
      "get pods --sort-by=.metadata.name -o custom-columns=N:.metadata.name,P:.status.phase",
      /^web-\S+ +Running$/m,
    )
    await prints("get namespaces", /^kube-node-lease +Active +\d+s$/m)
    await prints("get leases -n kube-node-lease", /^NAME +HOLDER +AGE\nnode-a +node-a +\d+s$/m)
    await prints("get services", /^kubernetes +ClusterIP +10\.96\.0\.1 +<none> +443\/TCP/m)
  })

  test("describe tells the story of nodes, pods, workloads and services, with their events", async () => {
    await prints("describe node node-a", /Non-terminated Pods:[\s\S]*default +web-\S+ +100m/)
    await prints("describe pod -l app=web", /Controlled By: +ReplicaSet\/web-[\s\S]*Scheduled/)
    await prints(
      "describe deployment web",
      /Replicas: +3 desired \| 3 updated \| 3 total \| 3 available \| 0 unavailable/,
    )
    await prints("describe service kubernetes", /Endpoints: +192\.0\.2\.1:443/)
    await prints("describe namespace default", /No resource quota/)
    await prints("events --for deployment/web", /ScalingReplicaSet/)
    await prints("get events", /^LAST SEEN +TYPE +REASON +OBJECT +MESSAGE$/m)
  })

  test("explain knows built-in kinds and definitions", async () => {
    await prints(
      "explain pod.spec.containers",
      /FIELD: containers <\[\]Container>[\s\S]*image\t<string>/,
    )
    await prints("explain deployment --recursive", /rollingUpdate\t<RollingUpdateDeployment>/)
    await prints("explain pod.spec --output=plaintext-openapiv2", /nodeName\t<string>/)
  })

  test("the documented commands on the DaemonSet work verbatim", async () => {
    await prints("apply -f -", "daemonset.apps/aws-node created", daemonSet)
    const { out } = await world.kubectl(
      words("describe daemonset aws-node --namespace kube-system"),
    )
    const image = out
      .split("\n")
      .filter((l) => l.includes("Image"))
      .map((l) => l.split("/")[1])
    assert.deepEqual(image, ["berth-agent:v0.1.0"])
    await prints(
      "set env daemonset aws-node -n kube-system AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG=true",
      "daemonset.apps/aws-node env updated",
    )
    await prints(
      "set env daemonset aws-node -n kube-system ENI_CONFIG_LABEL_DEF=topology.kubernetes.io/zone",
      "daemonset.apps/aws-node env updated",
    )
    await prints(
      "set env daemonset aws-node -n kube-system --list",
      /^ENI_CONFIG_LABEL_DEF=topology\.kubernetes\.io\/zone$/m,
    )
    await prints(
      "rollout status daemonset/aws-node -n kube-system --timeout=30s",
      /successfully rolled out/,
    )
    await prints("set env daemonset aws-node -n kube-system ENI_CONFIG_LABEL_DEF-", /env updated/)
    await prints(
      "annotate node node-a k8s.amazonaws.com/eniConfig=us-west-2a",
      "node/node-a annotated",
    )
    await prints("annotate node node-a k8s.amazonaws.com/eniConfig-", "node/node-a annotated")
    await prints("label node node-a vpc.amazonaws.com/externalEniConfig=x", "node/node-a labeled")
    await fails(
      "label node node-a vpc.amazonaws.com/externalEniConfig=y",
      /already has a value \(x\)/,
    )
    await prints("label node node-a vpc.amazonaws.com/externalEniConfig=y --overwrite", /labeled/)
  })

  test("definitions are served at once: apply, columns, validation, patches, edit", async () => {
    await prints("apply -f -", /eniconfigs\.crd\.k8s\.amazonaws\.com created/, definition)
    await prints(
      "wait --for=condition=Established crd/eniconfigs.crd.k8s.amazonaws.com --timeout=10s",
      /condition met/,
    )
    await prints(
      "apply -f -",
      "eniconfig.crd.k8s.amazonaws.com/us-west-2a created",
      eniConfig("subnet-0123456789abcdef0"),
    )
    await prints("get eniconfigs", /^NAME .*AGE\nus-west-2a .*\d+s$/m)
    await fails(
      "apply -f -",
      /is invalid: spec\.subnet: Invalid value: "x": spec\.subnet in body should match/,
      eniConfig("x"),
    )
    await prints(
      'patch eniconfig us-west-2a --type merge -p {"spec":{"subnet":"subnet-0123456789abcdef1"}}',
      /patched/,
    )
    await prints("explain eniconfig.spec", /subnet\t<string> -required-/)
    await prints("get eniconfig us-west-2a -o yaml", /subnet: subnet-0123456789abcdef1/)
    await prints("edit eniconfig us-west-2a", "eniconfig.crd.k8s.amazonaws.com/us-west-2a edited")
    await prints("get eniconfig us-west-2a -o jsonpath={.spec.subnet}", "subnet-0123456789abcdef2")
  })

  test("rollouts: image, restart, history, undo, pause, resume, scale", async () => {
    await prints("set image deployment/web web=web:2", "deployment.apps/web image updated")
    await prints("rollout status deployment/web --timeout=30s", /successfully rolled out/)
    await prints("rollout restart deployment/web", "deployment.apps/web restarted")
    await prints("rollout status deployment/web --timeout=30s", /successfully rolled out/)
    await prints("rollout history deployment/web", /^3 +<none>$/m)
    await prints("rollout undo deployment/web --to-revision=1", "deployment.apps/web rolled back")
    await prints("rollout status deployment/web --timeout=30s", /successfully rolled out/)
    await prints("get deployment web -o jsonpath={..image}", "web:1")
    await prints("rollout pause deployment/web", "deployment.apps/web paused")
    await prints("rollout resume deployment/web", "deployment.apps/web resumed")
    await prints("scale deployment/web --replicas=4", "deployment.apps/web scaled")
    await fails(
      "scale deployment/web --current-replicas=2 --replicas=1",
      /Expected replicas to be 2, was 4/,
    )
    await prints("rollout status deployment/web --timeout=30s", /successfully rolled out/)
    await prints(
      "rollout restart daemonset/aws-node -n kube-system",
      "daemonset.apps/aws-node restarted",
    )
    await prints(
      "rollout status daemonset/aws-node -n kube-system --timeout=30s",
      /successfully rolled out/,
    )
    await prints("rollout history daemonset/aws-node -n kube-system", /REVISION +CHANGE-CAUSE/)
  })

  test("cordon, drain within a budget, uncordon", async () => {
    const budget = `
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {minAvailable: 3, selector: {matchLabels: {app: web}}}
`
    await prints("apply -f -", "poddisruptionbudget.policy/web created", budget)
    await prints(
      "wait pdb/web --for=jsonpath={.status.disruptionsAllowed}=1 --timeout=30s",
      /condition met/,
    )
    await prints("cordon node-a", "node/node-a cordoned")
    await prints("get nodes", /^node-a +Ready,SchedulingDisabled/m)
    await prints("drain node-a --ignore-daemonsets --timeout=60s", /node\/node-a drained/)
    await prints("get pods -l app=web --field-selector spec.nodeName=node-a -o name", "")
    await prints("uncordon node-a", "node/node-a uncordoned")
    await prints("delete pdb web", /deleted/)
  })

  test("server-side apply keeps owners apart and names conflicts", async () => {
    const map = (value: string) => `
apiVersion: v1
kind: ConfigMap
metadata: {name: shared}
data: {a: "${value}"}
`
    await prints(
      "apply --server-side --field-manager=one -f -",
      "configmap/shared serverside-applied",
      map("1"),
    )
    await fails(
      "apply --server-side --field-manager=two -f -",
      /Apply failed with 1 conflict: conflict with "one": \.data\.a/,
      map("2"),
    )
    await prints(
      "apply --server-side --field-manager=two --force-conflicts -f -",
      /serverside-applied/,
      map("2"),
    )
    await prints(
      "get configmap shared -o yaml --show-managed-fields",
      /manager: two\n {4}operation: Apply/,
    )
    await prints("delete configmap shared", 'configmap "shared" deleted')
  })

  test("create, expose, replace, edit, patch, run, delete", async () => {
    await prints("create namespace team", "namespace/team created")
    await prints(
      "create configmap settings -n team --from-literal=a=b",
      "configmap/settings created",
    )
    await prints("create secret generic keys -n team --from-literal=a=b", "secret/keys created")
    await prints("create serviceaccount robot -n team", "serviceaccount/robot created")
    await prints("create token robot -n team", /^[\w-]+\.[\w-]+\.[\w-]+$/m)
    await prints("create role reader -n team --verb=get --resource=pods", /created/)
    await prints(
      "create rolebinding readers -n team --role=reader --serviceaccount=team:robot",
      /created/,
    )
    await prints("create job once -n team --image=job:1", "job.batch/once created")
    await prints("expose deployment web --port=80 --target-port=8080", "service/web exposed")
    await prints("run single -n team --image=web:1", "pod/single created")
    await prints("wait pod/single -n team --for=condition=Ready --timeout=30s", /condition met/)
    await prints(
      'patch configmap settings -n team --type json -p [{"op":"add","path":"/data/c","value":"d"}]',
      /patched/,
    )
    await prints('patch configmap settings -n team -p {"data":{"a":null}}', /patched/)
    await prints("get configmap settings -n team -o jsonpath={.data}", '{"c":"d"}')
    await prints("replace -f -", "deployment.apps/web replaced", web(2))
    await prints("delete pod single -n team", /pod "single" deleted/)
    await prints("delete namespace team --timeout=60s", 'namespace "team" deleted')
    await fails("get configmaps -n team settings", /NotFound/)
    await prints("delete deployment web --cascade=foreground --timeout=30s", /deleted/)
    await prints("wait pod -l app=web --for=delete --timeout=30s", /^$/)
    await prints("get pods", /No resources found/)
  })

  for (const program of others) {
    test(`${program.split("/").at(-1)} does the essential`, async () => {
      const run = async (line: string, wanted: RegExp, input?: string) => {
        const { code, out, err } = await world.kubectl(words(line), input, program)
        assert.match(`${code} ${out}${err}`, wanted)
      }
      await run("apply -f -", /^0 [\s\S]*deployment\.apps\/web created/, web(1))
      await run("rollout status deployment/web --timeout=30s", /^0 [\s\S]*successfully rolled out/)
      await run("set env deployment/web A=1", /^0 [\s\S]*env updated/)
      await run(
        "apply -f -",
        /^1 [\s\S]*unknown field "spec\.bogus"/,
        web(1).replace("spec:", "spec:\n  bogus: 1"),
      )
      await run("get pods -o wide", /^0 [\s\S]*NOMINATED NODE/)
      await run("describe deployment web", /^0 [\s\S]*RollingUpdateStrategy/)
      await run("explain deployment.spec", /^0 [\s\S]*revisionHistoryLimit/)
      await run("events", /^0 [\s\S]*ScalingReplicaSet/)
      await run("drain node-b --ignore-daemonsets --timeout=60s", /^0 [\s\S]*drained/)
      await run("uncordon node-b", /^0 [\s\S]*uncordoned/)
      await run("create namespace other", /^0 [\s\S]*created/)
      await run("delete namespace/other deployment/web --timeout=60s", /^0 [\s\S]*deleted/)
    })
  }
})

const words = (line: string) => line.split(" ").filter(Boolean)
