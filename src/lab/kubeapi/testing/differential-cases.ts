import type { JsonObject } from "../json.ts"
import {
  apply,
  type Case,
  del,
  get,
  json,
  merge,
  post,
  put,
  strategic,
  table,
} from "./differential-step.ts"

const ns = "/api/v1/namespaces/default"
const configMap = (name: string, data: JsonObject = { a: "1" }, more: JsonObject = {}) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, ...more },
  data,
})
const pod = (name: string, spec: JsonObject = {}, metadata: JsonObject = {}) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, ...metadata },
  spec: { containers: [{ name: "main", image: "web:1" }], ...spec },
})
const apps = "/apis/apps/v1/namespaces/default"
const template = (image = "web:1", more: JsonObject = {}) => ({
  metadata: { labels: { app: "web" } },
  spec: { containers: [{ name: "web", image, ...more }] },
})
const deployment = (name: string, spec: JsonObject = {}) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name, labels: { app: "web" } },
  spec: { replicas: 2, selector: { matchLabels: { app: "web" } }, template: template(), ...spec },
})

const named = (apiVersion: string, kind: string, more: JsonObject = {}) => ({
  apiVersion,
  kind,
  metadata: { name: "unversioned" },
  ...more,
})
const rbac = "rbac.authorization.k8s.io/v1"
const replaceable = [
  [`${ns}/configmaps`, named("v1", "ConfigMap")],
  [`${ns}/secrets`, named("v1", "Secret")],
  [`${ns}/serviceaccounts`, named("v1", "ServiceAccount")],
  [`${ns}/endpoints`, named("v1", "Endpoints")],
  [`${ns}/pods`, pod("unversioned")],
  [`${ns}/resourcequotas`, named("v1", "ResourceQuota", { spec: { hard: { pods: "1k" } } })],
  [
    `${ns}/limitranges`,
    named("v1", "LimitRange", { spec: { limits: [{ type: "Pod", max: { cpu: "2" } }] } }),
  ],
  ["/api/v1/nodes", named("v1", "Node")],
  [
    "/api/v1/namespaces/default/podtemplates",
    named("v1", "PodTemplate", { template: { spec: { containers: [{ name: "c", image: "c" }] } } }),
  ],
  [`${apps}/deployments`, deployment("unversioned")],
  [
    `${apps}/controllerrevisions`,
    named("apps/v1", "ControllerRevision", { revision: 1, data: { a: 1 } }),
  ],
  [
    "/apis/coordination.k8s.io/v1/namespaces/default/leases",
    named("coordination.k8s.io/v1", "Lease", { spec: { leaseDurationSeconds: 1 } }),
  ],
  [
    "/apis/policy/v1/namespaces/default/poddisruptionbudgets",
    named("policy/v1", "PodDisruptionBudget", { spec: { maxUnavailable: "50%" } }),
  ],
  [
    `/apis/${rbac}/namespaces/default/roles`,
    named(rbac, "Role", { rules: [{ apiGroups: [""], resources: ["x"], verbs: ["get"] }] }),
  ],
  [
    `/apis/${rbac}/clusterroles`,
    named(rbac, "ClusterRole", { rules: [{ nonResourceURLs: ["/x"], verbs: ["get"] }] }),
  ],
  [
    "/apis/scheduling.k8s.io/v1/priorityclasses",
    named("scheduling.k8s.io/v1", "PriorityClass", { value: 5 }),
  ],
  [
    "/apis/storage.k8s.io/v1/storageclasses",
    named("storage.k8s.io/v1", "StorageClass", { provisioner: "p" }),
  ],
  [
    "/apis/storage.k8s.io/v1/csinodes",
    named("storage.k8s.io/v1", "CSINode", {
      spec: { drivers: [{ name: "d", nodeID: "n", topologyKeys: null }] },
    }),
  ],
  ["/apis/storage.k8s.io/v1/csidrivers", named("storage.k8s.io/v1", "CSIDriver", { spec: {} })],
  [
    "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices",
    named("discovery.k8s.io/v1", "EndpointSlice", {
      addressType: "IPv4",
      endpoints: [{ addresses: ["10.0.0.1"] }],
      ports: [{ port: 80 }],
    }),
  ],
  [
    "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
    named("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration"),
  ],
  [
    "/apis/batch/v1/namespaces/default/cronjobs",
    named("batch/v1", "CronJob", {
      spec: {
        schedule: "* * * * *",
        jobTemplate: {
          spec: {
            template: { spec: { restartPolicy: "Never", containers: [{ name: "c", image: "c" }] } },
          },
        },
      },
    }),
  ],
] as const

export const cases: readonly Case[] = [
  {
    name: "create, get, replace, conflict and delete of a ConfigMap",
    steps: [
      get(`${ns}/configmaps/cm`),
      post(`${ns}/configmaps`, configMap("cm")),
      post(`${ns}/configmaps`, configMap("cm")),
      get(`${ns}/configmaps/cm`),
      put(`${ns}/configmaps/cm`, configMap("cm", { b: "2" })),
      put(`${ns}/configmaps/cm`, configMap("cm", { b: "3" }, { resourceVersion: "1" })),
      put(`${ns}/configmaps/cm`, configMap("other")),
      put(`${ns}/configmaps/absent`, configMap("absent")),
      put(
        `${ns}/configmaps/cm`,
        configMap("cm", {}, { uid: "00000000-0000-0000-0000-000000000000" }),
      ),
      del(`${ns}/configmaps/cm`),
      del(`${ns}/configmaps/cm`),
    ],
  },
  {
    name: "bodies that are not what they should be",
    steps: [
      post(`${ns}/configmaps`, pod("x")),
      post(`${ns}/configmaps`, { ...configMap("x"), apiVersion: "v2" }),
      post(`${ns}/configmaps`, configMap("")),
      post(`${ns}/configmaps`, configMap("Upper_Case")),
      post(`${ns}/configmaps`, configMap("x", {}, { namespace: "elsewhere" })),
      post(`${ns}/configmaps`, configMap("x", {}, { labels: { "bad key!": "bad value!" } })),
      post(`${ns}/configmaps`, { ...configMap("x"), data: { a: 1 } }),
      post(`${ns}/configmaps`, { ...configMap("x"), data: ["a"] }),
      { method: "POST", path: `${ns}/configmaps`, body: "{not json" },
      { method: "POST", path: `${ns}/configmaps`, body: configMap("x"), type: "text/plain" },
      post("/api/v1/namespaces/absent/configmaps", configMap("x")),
      post("/api/v1/configmaps", configMap("x")),
      post(`${ns}/configmaps?fieldValidation=Strict`, { ...configMap("x"), bogus: 1 }),
      post(`${ns}/configmaps?dryRun=All`, configMap("dry")),
      get(`${ns}/configmaps/dry`),
      post(`${ns}/configmaps?dryRun=Some`, configMap("dry")),
      get("/api/v1/bogus"),
      get("/apis/bogus.example.com/v1/things"),
      get("/bogus"),
      { method: "PATCH", path: `${ns}/configmaps/x`, body: {}, type: "application/json" },
      del("/api/v1/namespaces"),
    ],
  },
  {
    name: "a pod: defaults, admission, allowed and refused changes",
    steps: [
      post(`${ns}/pods`, pod("a", {}, { labels: { app: "a" } })),
      get(`${ns}/pods/a`),
      get(`${ns}/pods/a/status`),
      strategic(`${ns}/pods/a`, { spec: { containers: [{ name: "main", image: "web:2" }] } }),
      strategic(`${ns}/pods/a`, { spec: { containers: [{ name: "main", command: ["x"] }] } }),
      merge(`${ns}/pods/a`, { metadata: { annotations: { "example.com/a": "b" } } }),
      merge(`${ns}/pods/a/status`, {
        status: { phase: "Running", podIP: "10.0.0.1", podIPs: [{ ip: "10.0.0.1" }] },
      }),
      strategic(`${ns}/pods/a/status`, {
        status: {
          conditions: [
            { type: "Ready", status: "True", lastTransitionTime: "2026-01-01T00:00:00Z" },
          ],
        },
      }),
      post(`${ns}/pods/a/binding`, {
        apiVersion: "v1",
        kind: "Binding",
        metadata: { name: "a" },
        target: { kind: "Node", name: "n1" },
      }),
      post(`${ns}/pods/a/binding`, {
        apiVersion: "v1",
        kind: "Binding",
        metadata: { name: "a" },
        target: { kind: "Node", name: "n2" },
      }),
      get(`${ns}/pods/a`),
      del(`${ns}/pods/a`),
      get(`${ns}/pods/a`),
      del(`${ns}/pods/a?gracePeriodSeconds=0`),
      get(`${ns}/pods/a`),
    ],
  },
  {
    name: "pods that are refused",
    steps: [
      post(`${ns}/pods`, { apiVersion: "v1", kind: "Pod", metadata: { name: "x" } }),
      post(`${ns}/pods`, pod("x", { containers: [] })),
      post(`${ns}/pods`, pod("x", { containers: [{ name: "Bad_Name", image: "" }] })),
      post(
        `${ns}/pods`,
        pod("x", {
          containers: [
            { name: "a", image: "x" },
            { name: "a", image: "x" },
          ],
        }),
      ),
      post(`${ns}/pods`, pod("x", { restartPolicy: "Sometimes" })),
      post(
        `${ns}/pods`,
        pod("x", {
          containers: [{ name: "a", image: "x", volumeMounts: [{ name: "v", mountPath: "/v" }] }],
        }),
      ),
      post(
        `${ns}/pods`,
        pod("x", { containers: [{ name: "a", image: "x", ports: [{ containerPort: 70000 }] }] }),
      ),
      post(`${ns}/pods`, pod("x", { serviceAccountName: "nobody" })),
      post(`${ns}/pods`, pod("x", { priorityClassName: "nothing" })),
      post(`${ns}/pods`, pod("x", { containers: "none" })),
      post(`${ns}/pods`, pod("x", { terminationGracePeriodSeconds: "long" })),
      post(
        `${ns}/pods`,
        pod("x", {
          containers: [{ name: "a", image: "x", resources: { limits: { cpu: "lots" } } }],
        }),
      ),
    ],
  },
  {
    name: "resources, probes, volumes and tolerations of a pod in canonical form",
    steps: [
      post(
        `${ns}/pods?dryRun=All`,
        pod("full", {
          priorityClassName: "system-node-critical",
          hostNetwork: true,
          nodeSelector: {},
          tolerations: [{ operator: "Exists" }],
          volumes: [
            { name: "a", emptyDir: {} },
            { name: "b", configMap: { name: "x" } },
            { name: "c", hostPath: { path: "/x" } },
            { name: "d" },
          ],
          containers: [
            {
              name: "a",
              image:
                "host:5000/x@sha256:0123456789012345678901234567890123456789012345678901234567890123",
              resources: { limits: { cpu: 0.5, memory: "1024Mi" }, requests: { cpu: "1000m" } },
              ports: [{ containerPort: 80 }],
              livenessProbe: { httpGet: { port: 80 } },
              readinessProbe: { exec: { command: ["true"] }, periodSeconds: 0 },
              env: [
                { name: "A", value: "" },
                { name: "B", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
              ],
            },
          ],
        }),
      ),
    ],
  },
  {
    name: "a deployment: defaults, strategic merge, scale, status, generation",
    steps: [
      post(`${apps}/deployments`, deployment("web")),
      strategic(`${apps}/deployments/web`, {
        spec: {
          template: { spec: { containers: [{ name: "web", env: [{ name: "A", value: "1" }] }] } },
        },
      }),
      strategic(`${apps}/deployments/web`, {
        spec: {
          template: {
            spec: {
              "$setElementOrder/containers": [{ name: "side" }, { name: "web" }],
              containers: [
                { name: "side", image: "side:1" },
                {
                  name: "web",
                  "$setElementOrder/env": [{ name: "B" }, { name: "A" }],
                  env: [{ name: "B", value: "2" }],
                },
              ],
            },
          },
        },
      }),
      strategic(`${apps}/deployments/web`, {
        spec: { template: { spec: { containers: [{ name: "side", $patch: "delete" }] } } },
      }),
      strategic(`${apps}/deployments/web`, {
        spec: { strategy: { $retainKeys: ["type"], type: "Recreate" } },
      }),
      merge(`${apps}/deployments/web`, { spec: { replicas: -1 } }),
      merge(`${apps}/deployments/web`, { spec: { selector: { matchLabels: { app: "other" } } } }),
      merge(`${apps}/deployments/web`, { spec: { replicas: "many" } }),
      merge(`${apps}/deployments/web?fieldValidation=Strict`, { spec: { bogus: 1 } }),
      get(`${apps}/deployments/web/scale`),
      merge(`${apps}/deployments/web/scale`, { spec: { replicas: 5 } }),
      put(`${apps}/deployments/web/scale`, {
        apiVersion: "autoscaling/v1",
        kind: "Scale",
        metadata: { name: "web", namespace: "default" },
        spec: { replicas: 1 },
      }),
      merge(`${apps}/deployments/web/status`, {
        status: { replicas: 1, readyReplicas: 1 },
        spec: { replicas: 9 },
      }),
      get(`${apps}/deployments/web`),
      get(`${apps}/deployments`, table),
      del(`${apps}/deployments/web`),
    ],
  },
  {
    name: "deployments that are refused",
    steps: [
      post(`${apps}/deployments`, deployment("x", { selector: { matchLabels: { app: "other" } } })),
      post(`${apps}/deployments`, deployment("x", { selector: undefined })),
      post(`${apps}/deployments`, deployment("x", { template: undefined })),
      post(`${apps}/deployments`, deployment("x", { selector: {} })),
      post(`${apps}/deployments`, deployment("x", { replicas: 1.5 })),
      post(
        `${apps}/deployments`,
        deployment("x", {
          template: {
            metadata: { labels: { app: "web" } },
            spec: { restartPolicy: "Never", containers: [{ name: "c", image: "c" }] },
          },
        }),
      ),
    ],
  },
  {
    name: "daemon sets, stateful sets, replica sets and jobs get their defaults",
    steps: [
      post(`${apps}/daemonsets?dryRun=All`, {
        ...deployment("ds"),
        kind: "DaemonSet",
        spec: { selector: { matchLabels: { app: "web" } }, template: template() },
      }),
      post(`${apps}/statefulsets?dryRun=All`, {
        ...deployment("sts"),
        kind: "StatefulSet",
        spec: { serviceName: "s", selector: { matchLabels: { app: "web" } }, template: template() },
      }),
      post(`${apps}/replicasets?dryRun=All`, {
        ...deployment("rs"),
        kind: "ReplicaSet",
        spec: { selector: { matchLabels: { app: "web" } }, template: template() },
      }),
      post("/apis/batch/v1/namespaces/default/jobs?dryRun=All", {
        apiVersion: "batch/v1",
        kind: "Job",
        metadata: { name: "j" },
        spec: {
          template: { spec: { restartPolicy: "Never", containers: [{ name: "c", image: "c:1" }] } },
        },
      }),
    ],
  },
  {
    name: "JSON patches",
    steps: [
      post(`${ns}/configmaps`, configMap("jp", { a: "1", b: "2" })),
      json(`${ns}/configmaps/jp`, [
        { op: "test", path: "/data/a", value: "1" },
        { op: "replace", path: "/data/a", value: "x" },
      ]),
      json(`${ns}/configmaps/jp`, [{ op: "test", path: "/data/a", value: "1" }]),
      json(`${ns}/configmaps/jp`, [{ op: "remove", path: "/data/absent" }]),
      json(`${ns}/configmaps/jp`, [{ op: "add", path: "/metadata/labels", value: { "a/b": "c" } }]),
      json(`${ns}/configmaps/jp`, [{ op: "remove", path: "/metadata/labels/a~1b" }]),
      json(`${ns}/configmaps/jp`, [
        { op: "move", from: "/data/b", path: "/data/c" },
        { op: "copy", from: "/data/c", path: "/data/d" },
      ]),
      json(`${ns}/configmaps/jp`, [{ op: "bogus", path: "/data" }]),
      json(`${ns}/configmaps/jp`, { not: "a list" }),
      merge(`${ns}/configmaps/jp`, ["not an object"]),
      strategic(`${ns}/configmaps/jp`, { data: { a: null, e: "5" } }),
      merge(`${ns}/configmaps/jp`, { metadata: { resourceVersion: "1" }, data: { f: "6" } }),
      merge(`${ns}/configmaps/jp`, { metadata: { name: "renamed" } }),
      merge(`${ns}/configmaps/absent`, { data: {} }),
      del(`${ns}/configmaps/jp`),
    ],
  },
  {
    name: "server-side apply: ownership, conflicts, force, pruning",
    steps: [
      apply(`${apps}/deployments/ssa?fieldManager=one`, deployment("ssa")),
      apply(`${apps}/deployments/ssa?fieldManager=two`, deployment("ssa", { replicas: 3 })),
      apply(
        `${apps}/deployments/ssa?fieldManager=two&force=true`,
        deployment("ssa", { replicas: 3 }),
      ),
      apply(`${apps}/deployments/ssa?fieldManager=one`, {
        ...deployment("ssa"),
        spec: {
          selector: { matchLabels: { app: "web" } },
          template: template("web:1", { env: [{ name: "A", value: "1" }] }),
        },
      }),
      apply(`${apps}/deployments/ssa?fieldManager=one`, {
        ...deployment("ssa"),
        spec: {
          selector: { matchLabels: { app: "web" } },
          template: template("web:1", { env: [{ name: "B", value: "1" }] }),
        },
      }),
      strategic(`${apps}/deployments/ssa?fieldManager=three`, {
        spec: {
          template: { spec: { containers: [{ name: "web", env: [{ name: "C", value: "3" }] }] } },
        },
      }),
      merge(`${apps}/deployments/ssa/status?fieldManager=four`, { status: { replicas: 1 } }),
      merge(`${apps}/deployments/ssa/scale?fieldManager=five`, { spec: { replicas: 8 } }),
      apply(`${apps}/deployments/ssa?fieldManager=two`, { ...deployment("ssa", { replicas: 3 }) }),
      apply(`${apps}/deployments/ssa?fieldManager=one`, {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { name: "ssa" },
      }),
      apply(`${apps}/deployments/ssa`, deployment("ssa")),
      apply(`${apps}/deployments/ssa?fieldManager=one`, { ...deployment("ssa"), bogus: 1 }),
      apply(`${apps}/deployments/ssa?fieldManager=one`, deployment("ssa", { replicas: "x" })),
      get(`${apps}/deployments/ssa`),
      del(`${apps}/deployments/ssa`),
    ],
  },
  {
    name: "managers of updates, and apply over an object made by an update",
    steps: [
      post(`${ns}/services?fieldManager=maker`, {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "svc" },
        spec: {
          selector: { app: "x" },
          ports: [{ port: 80 }, { port: 81, name: "b", targetPort: "http" }],
        },
      }),
      post(`${ns}/services?fieldManager=maker`, {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "svc" },
        spec: {
          selector: { app: "x" },
          ports: [
            { port: 80, name: "a" },
            { port: 81, name: "b", targetPort: "http" },
          ],
        },
      }),
      apply(`${ns}/services/svc?fieldManager=one`, {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "svc" },
        spec: { ports: [{ port: 82, name: "c" }] },
      }),
      apply(`${ns}/services/svc?fieldManager=one`, {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "svc" },
        spec: { ports: [{ port: 83, name: "d" }] },
      }),
      merge(`${ns}/services/svc?fieldManager=editor`, {
        metadata: { annotations: { a: "b" }, finalizers: ["example.com/f"] },
      }),
      merge(`${ns}/services/svc?fieldManager=editor`, {
        metadata: { annotations: null, finalizers: null },
      }),
      del(`${ns}/services/svc`),
    ],
  },
  {
    name: "finalizers keep an object until they are gone",
    steps: [
      post(`${ns}/configmaps`, configMap("fin", {}, { finalizers: ["example.com/wait"] })),
      del(`${ns}/configmaps/fin`),
      get(`${ns}/configmaps/fin`),
      merge(`${ns}/configmaps/fin`, {
        metadata: { finalizers: ["example.com/wait", "example.com/new"] },
      }),
      merge(`${ns}/configmaps/fin`, { metadata: { finalizers: null } }),
      get(`${ns}/configmaps/fin`),
      post(`${ns}/configmaps`, configMap("pre")),
      del(`${ns}/configmaps/pre`, {
        preconditions: { uid: "00000000-0000-0000-0000-000000000000" },
      }),
      del(`${ns}/configmaps/pre`, { preconditions: { resourceVersion: "1" } }),
      del(`${ns}/configmaps/pre`, { propagationPolicy: "Background" }),
    ],
  },
  {
    name: "lists: selectors, pages, tables, metadata only",
    steps: [
      ...["l1", "l2", "l3"].map((n) =>
        post(`${ns}/configmaps`, configMap(n, {}, { labels: { set: "l", n } })),
      ),
      get(`${ns}/configmaps?labelSelector=set%3Dl`),
      get(`${ns}/configmaps?labelSelector=set%3Dl,n!%3Dl1`),
      get(`${ns}/configmaps?labelSelector=n%20in%20(l1,l3)`),
      get(`${ns}/configmaps?labelSelector=set,!absent,n%20notin%20(l2)`),
      get(`${ns}/configmaps?labelSelector=set%3D%3D%3D`),
      get(`${ns}/configmaps?fieldSelector=metadata.name%3Dl2`),
      get(`${ns}/configmaps?fieldSelector=spec.bogus%3Dl2`),
      get(`${ns}/configmaps?labelSelector=set%3Dl&limit=2`),
      get(`${ns}/configmaps?limit=1&continue=garbage`),
      get(`${ns}/configmaps?labelSelector=set%3Dl`, table),
      get(`${ns}/configmaps/l1`, table),
      get(
        `${ns}/configmaps?labelSelector=set%3Dl`,
        "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
      ),
      get(`${ns}/configmaps/l1`, "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"),
      get(`${ns}/configmaps?resourceVersion=99999999`),
      get(`${ns}/configmaps?resourceVersion=x`),
      del(`${ns}/configmaps?labelSelector=set%3Dl`),
      get(`${ns}/configmaps?labelSelector=set%3Dl`),
    ],
  },
  {
    name: "nodes: admission, status, taints, tables",
    steps: [
      post("/api/v1/nodes", {
        apiVersion: "v1",
        kind: "Node",
        metadata: { name: "n1", labels: { "node-role.kubernetes.io/worker": "" } },
        spec: { providerID: "aws:///a/i-1" },
      }),
      merge("/api/v1/nodes/n1/status", {
        status: {
          capacity: { cpu: "2", pods: "29" },
          allocatable: { cpu: "2", pods: "29" },
          conditions: [{ type: "Ready", status: "True", reason: "KubeletReady", message: "ok" }],
          addresses: [{ type: "InternalIP", address: "10.0.0.1" }],
        },
      }),
      strategic("/api/v1/nodes/n1", { spec: { unschedulable: true } }),
      strategic("/api/v1/nodes/n1", { spec: { taints: [{ key: "a", effect: "NoSchedule" }] } }),
      merge("/api/v1/nodes/n1", { spec: { providerID: "other" } }),
      get("/api/v1/nodes/n1", table),
      get("/api/v1/nodes?fieldSelector=spec.unschedulable%3Dtrue"),
      get("/api/v1/nodes?fieldSelector=spec.bogus%3Dtrue"),
      get("/api/v1/pods?fieldSelector=spec.bogus%3Dtrue"),
      get("/api/v1/namespaces/default/nodes"),
      del("/api/v1/nodes/n1"),
    ],
  },
  {
    name: "namespaces",
    steps: [
      post("/api/v1/namespaces", {
        apiVersion: "v1",
        kind: "Namespace",
        metadata: { name: "team" },
      }),
      get("/api/v1/namespaces/team"),
      get("/api/v1/namespaces/team", table),
      merge("/api/v1/namespaces/team", { metadata: { labels: { a: "b" } } }),
      post("/api/v1/namespaces", {
        apiVersion: "v1",
        kind: "Namespace",
        metadata: { name: "Bad" },
      }),
      post("/api/v1/namespaces/team/configmaps", configMap("inside")),
      post("/api/v1/namespaces/team/configmaps", configMap("x", {}, { generateName: "gen-" })),
    ],
  },
  {
    name: "events in both versions, and their table",
    steps: [
      post("/apis/events.k8s.io/v1/namespaces/default/events", {
        apiVersion: "events.k8s.io/v1",
        kind: "Event",
        metadata: { name: "ev", namespace: "default" },
        eventTime: "2026-01-01T00:00:00.000000Z",
        regarding: { apiVersion: "v1", kind: "Pod", name: "a", namespace: "default" },
        reason: "Failed",
        note: "why",
        type: "Warning",
        action: "Binding",
        reportingController: "example.com/controller",
        reportingInstance: "controller-0",
      }),
      get(`${ns}/events/ev`),
      get("/apis/events.k8s.io/v1/namespaces/default/events/ev"),
      get(`${ns}/events?fieldSelector=involvedObject.name%3Da,type%3DWarning`),
      post(`${ns}/events`, {
        apiVersion: "v1",
        kind: "Event",
        metadata: { name: "core" },
        involvedObject: { kind: "Node", name: "n1" },
        reason: "Started",
        message: "text",
        type: "Normal",
        firstTimestamp: "2026-01-01T00:00:00Z",
        lastTimestamp: "2026-01-01T00:00:00Z",
        count: 3,
        source: { component: "kubelet", host: "n1" },
      }),
      get("/apis/events.k8s.io/v1/namespaces/default/events/core"),
      merge("/apis/events.k8s.io/v1/namespaces/default/events/ev", {
        series: { count: 2, lastObservedTime: "2026-01-01T00:00:00.5Z" },
      }),
      del(`${ns}/events/ev`),
      del(`${ns}/events/core`),
    ],
  },
  {
    name: "leases, secrets, service accounts, endpoints and budgets",
    steps: [
      post("/apis/coordination.k8s.io/v1/namespaces/default/leases", {
        apiVersion: "coordination.k8s.io/v1",
        kind: "Lease",
        metadata: { name: "l" },
        spec: {
          holderIdentity: "a",
          leaseDurationSeconds: 15,
          renewTime: "2026-01-01T00:00:00.000001Z",
        },
      }),
      merge("/apis/coordination.k8s.io/v1/namespaces/default/leases/l", {
        spec: { holderIdentity: null },
      }),
      get("/apis/coordination.k8s.io/v1/namespaces/default/leases/l", table),
      put("/apis/coordination.k8s.io/v1/namespaces/default/leases/l", {
        apiVersion: "coordination.k8s.io/v1",
        kind: "Lease",
        metadata: { name: "l" },
        spec: {},
      }),
      del("/apis/coordination.k8s.io/v1/namespaces/default/leases/l"),
      post(`${ns}/secrets`, {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: "s" },
        stringData: { a: "b" },
      }),
      get(`${ns}/secrets/s`, table),
      del(`${ns}/secrets/s`),
      post(`${ns}/serviceaccounts`, {
        apiVersion: "v1",
        kind: "ServiceAccount",
        metadata: { name: "robot" },
      }),
      del(`${ns}/serviceaccounts/robot`),
      post(`${ns}/endpoints`, {
        apiVersion: "v1",
        kind: "Endpoints",
        metadata: { name: "e" },
        subsets: [{ addresses: [{ ip: "10.0.0.1" }, { ip: "10.0.0.2" }], ports: [{ port: 80 }] }],
      }),
      get(`${ns}/endpoints/e`, table),
      del(`${ns}/endpoints/e`),
      post("/apis/policy/v1/namespaces/default/poddisruptionbudgets", {
        apiVersion: "policy/v1",
        kind: "PodDisruptionBudget",
        metadata: { name: "b" },
        spec: { minAvailable: 1, selector: { matchLabels: { app: "x" } } },
      }),
      merge("/apis/policy/v1/namespaces/default/poddisruptionbudgets/b/status", {
        status: {
          disruptionsAllowed: 0,
          currentHealthy: 1,
          desiredHealthy: 1,
          expectedPods: 1,
          observedGeneration: 1,
        },
      }),
      get("/apis/policy/v1/namespaces/default/poddisruptionbudgets/b", table),
    ],
  },
  {
    name: "eviction under a budget",
    steps: [
      post(`${ns}/pods`, pod("ev", { nodeName: "n1" }, { labels: { app: "x" } })),
      merge(`${ns}/pods/ev/status`, {
        status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] },
      }),
      post(`${ns}/pods/ev/eviction`, {
        apiVersion: "policy/v1",
        kind: "Eviction",
        metadata: { name: "ev" },
      }),
      merge("/apis/policy/v1/namespaces/default/poddisruptionbudgets/b/status", {
        status: { disruptionsAllowed: 1 },
      }),
      post(`${ns}/pods/ev/eviction`, {
        apiVersion: "policy/v1",
        kind: "Eviction",
        metadata: { name: "ev" },
      }),
      get(`${ns}/pods/ev`),
      post(`${ns}/pods/absent/eviction`, {
        apiVersion: "policy/v1",
        kind: "Eviction",
        metadata: { name: "absent" },
      }),
      del(`${ns}/pods/ev?gracePeriodSeconds=0`),
      del("/apis/policy/v1/namespaces/default/poddisruptionbudgets/b"),
    ],
  },
  {
    name: "services and their tables",
    steps: [
      post(`${ns}/services`, {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "np" },
        spec: { type: "NodePort", ports: [{ port: 80, nodePort: 31000 }] },
      }),
      post(`${ns}/services`, {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "hl" },
        spec: { clusterIP: "None", selector: { app: "x" } },
      }),
      post(`${ns}/services`, {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "en" },
        spec: { type: "ExternalName", externalName: "example.com" },
      }),
      post(`${ns}/services`, {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "bad" },
        spec: {},
      }),
      get(`${ns}/services/hl`, table),
      get(`${ns}/services/en`, table),
      ...["np", "hl", "en"].map((n) => del(`${ns}/services/${n}`)),
    ],
  },
  {
    name: "roles, priority classes, storage classes, webhooks",
    steps: [
      post("/apis/rbac.authorization.k8s.io/v1/clusterroles", {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "ClusterRole",
        metadata: { name: "r:x" },
        rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get"] }],
      }),
      get("/apis/rbac.authorization.k8s.io/v1/clusterroles/r:x", table),
      post("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "ClusterRoleBinding",
        metadata: { name: "r:x" },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "r:x" },
        subjects: [{ kind: "ServiceAccount", name: "a", namespace: "default" }],
      }),
      get("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/r:x", table),
      del("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/r:x"),
      del("/apis/rbac.authorization.k8s.io/v1/clusterroles/r:x"),
      post("/apis/scheduling.k8s.io/v1/priorityclasses", {
        apiVersion: "scheduling.k8s.io/v1",
        kind: "PriorityClass",
        metadata: { name: "high" },
        value: 1000,
      }),
      {
        ...post(`${ns}/pods?dryRun=All`, pod("prio", { priorityClassName: "high" })),
        whileStatus: 403,
      },
      get("/apis/scheduling.k8s.io/v1/priorityclasses/high", table),
      del("/apis/scheduling.k8s.io/v1/priorityclasses/high"),
      post("/apis/storage.k8s.io/v1/storageclasses", {
        apiVersion: "storage.k8s.io/v1",
        kind: "StorageClass",
        metadata: { name: "fast" },
        provisioner: "example.com/p",
      }),
      get("/apis/storage.k8s.io/v1/storageclasses/fast", table),
      del("/apis/storage.k8s.io/v1/storageclasses/fast"),
      post("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations", {
        apiVersion: "admissionregistration.k8s.io/v1",
        kind: "ValidatingWebhookConfiguration",
        metadata: { name: "w" },
        webhooks: [
          {
            name: "w.example.com",
            clientConfig: { url: "https://127.0.0.1:1/x" },
            rules: [
              {
                apiGroups: ["example.com"],
                apiVersions: ["*"],
                operations: ["*"],
                resources: ["*"],
              },
            ],
            sideEffects: "None",
            admissionReviewVersions: ["v1"],
          },
        ],
      }),
      get("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/w", table),
      del("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/w"),
    ],
  },
  {
    name: "which kinds may be replaced without saying of which version",
    steps: replaceable.flatMap(([path, object]) => [
      post(path, object),
      put(`${path}/${object.metadata.name}`, object),
      del(`${path}/${object.metadata.name}`),
    ]),
  },
]
