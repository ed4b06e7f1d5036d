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

const crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
const things = "/apis/example.com/v1/namespaces/default/things"

const schema: JsonObject = {
  type: "object",
  required: ["spec"],
  properties: {
    spec: {
      type: "object",
      required: ["size"],
      properties: {
        size: { type: "integer", minimum: 1, maximum: 10 },
        replicas: { type: "integer" },
        ratio: { type: "number", exclusiveMinimum: true, minimum: 0 },
        step: { type: "number", multipleOf: 0.5 },
        name: { type: "string", minLength: 2, maxLength: 5, pattern: "^[a-z]+$" },
        mode: { type: "string", enum: ["Fast", "Slow"], default: "Fast" },
        address: { type: "string", format: "ipv4" },
        block: { type: "string", format: "cidr" },
        when: { type: "string", format: "date-time" },
        port: { "x-kubernetes-int-or-string": true },
        maybe: { type: "string", nullable: true },
        tags: {
          type: "array",
          items: { type: "string" },
          "x-kubernetes-list-type": "set",
          minItems: 1,
          maxItems: 3,
        },
        parts: {
          type: "array",
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["id"],
          items: {
            type: "object",
            required: ["id"],
            properties: { id: { type: "string" }, count: { type: "integer", default: 1 } },
          },
        },
        labels: { type: "object", additionalProperties: { type: "string" }, maxProperties: 2 },
        free: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
        either: {
          type: "object",
          properties: { a: { type: "string" }, b: { type: "string" } },
          oneOf: [{ required: ["a"] }, { required: ["b"] }],
        },
        fixed: {
          type: "string",
          maxLength: 10,
          "x-kubernetes-validations": [{ rule: "self == oldSelf", message: "fixed is fixed" }],
        },
        range: {
          type: "object",
          properties: { from: { type: "integer" }, to: { type: "integer" } },
          "x-kubernetes-validations": [
            {
              rule: "!has(self.from) || !has(self.to) || self.from <= self.to",
              message: "from is after to",
            },
          ],
        },
      },
    },
    status: {
      type: "object",
      properties: {
        phase: { type: "string" },
        replicas: { type: "integer" },
        conditions: {
          type: "array",
          items: {
            type: "object",
            properties: { type: { type: "string" }, status: { type: "string" } },
          },
        },
      },
    },
  },
}

const columns = [
  { name: "Size", type: "integer", jsonPath: ".spec.size" },
  { name: "Tags", type: "string", jsonPath: ".spec.tags" },
  { name: "Parts", type: "string", jsonPath: ".spec.parts[*].id" },
  { name: "Ready", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
  {
    name: "Phase",
    type: "string",
    jsonPath: ".status.phase",
    priority: 1,
    description: "how it is",
  },
  { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
]

const definition = (more: JsonObject = {}, spec: JsonObject = {}) => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "things.example.com" },
  spec: {
    group: "example.com",
    scope: "Namespaced",
    names: { plural: "things", kind: "Thing", shortNames: ["th"], categories: ["all"] },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        schema: { openAPIV3Schema: schema },
        subresources: {
          status: {},
          scale: { specReplicasPath: ".spec.replicas", statusReplicasPath: ".status.replicas" },
        },
        additionalPrinterColumns: columns,
      },
    ],
    ...spec,
  },
  ...more,
})

const thing = (name: string, spec: JsonObject = {}, more: JsonObject = {}) => ({
  apiVersion: "example.com/v1",
  kind: "Thing",
  metadata: { name },
  spec: { size: 3, ...spec },
  ...more,
})

export const definitionCase: Case = {
  name: "a definition is stored, and completed",
  steps: [
    post(crds, definition({ metadata: { name: "wrong.example.com" } })),
    post(crds, definition({}, { versions: [] })),
    post(crds, definition()),
  ],
}

/** Run once the definition of the case above is served. */
export const customCases: readonly Case[] = [
  {
    name: "discovery of a custom resource",
    steps: [
      get("/apis/example.com"),
      get("/apis/example.com/v1"),
      get(`${crds}/things.example.com`, table),
    ],
  },
  {
    name: "custom objects: pruning, defaults, validation",
    steps: [
      post(
        things,
        thing("a", { bogus: 1, parts: [{ id: "x", more: 1 }], free: { any: { thing: [1] } } }),
      ),
      post(`${things}?fieldValidation=Strict`, thing("b", { bogus: 1 })),
      post(things, { apiVersion: "example.com/v1", kind: "Thing", metadata: { name: "b" } }),
      post(things, { ...thing("b"), kind: "Other" }),
      ...[
        { size: 0 },
        { size: 11 },
        { size: "3" },
        { size: 1.5 },
        { size: null },
        { ratio: 0 },
        { step: 0.75 },
        { name: "x" },
        { name: "toolong" },
        { name: "AB" },
        { mode: "Other" },
        { mode: null },
        { address: "300.0.0.1" },
        { block: "10.0.0.0" },
        { when: "yesterday" },
        { port: 1.5 },
        { port: "http" },
        { maybe: null },
        { tags: [] },
        { tags: ["a", "b", "a"] },
        { tags: ["a", "b", "c", "d"] },
        { tags: "a" },
        { tags: [1] },
        { parts: [{ id: "x" }, { id: "x" }] },
        { parts: [{}] },
        { labels: { a: "b", c: "d", e: "f" } },
        { labels: { a: 1 } },
        { either: {} },
        { either: { a: "x", b: "y" } },
        { range: { from: 2, to: 1 } },
        { range: { from: 1, to: 2 } },
      ].map((spec) => post(`${things}?dryRun=All`, thing("b", spec))),
    ],
  },
  {
    name: "custom objects: updates, patches, status, scale",
    steps: [
      put(`${things}/a`, thing("a", { size: 4 })),
      merge(`${things}/a`, { spec: { size: 4, fixed: "x", replicas: 2 } }),
      merge(`${things}/a`, { spec: { fixed: "y" } }),
      merge(`${things}/a`, { status: { phase: "Ready" }, spec: { tags: ["t", "u"] } }),
      merge(`${things}/a/status`, {
        status: { phase: "Ready", conditions: [{ type: "Ready", status: "True" }] },
        spec: { size: 9 },
      }),
      strategic(`${things}/a`, { spec: { size: 5 } }),
      json(`${things}/a`, [{ op: "replace", path: "/spec/size", value: 99 }]),
      json(`${things}/a`, [{ op: "replace", path: "/spec/size", value: 6 }]),
      get(`${things}/a/scale`),
      merge(`${things}/a/scale`, { spec: { replicas: 7 } }),
      get(things, table),
      get(`${things}/a`, table),
      get(`${things}?fieldSelector=spec.size%3D7`),
    ],
  },
  {
    name: "server-side apply of custom objects",
    steps: [
      apply(`${things}/s?fieldManager=one`, thing("s", { tags: ["a"], parts: [{ id: "x" }] })),
      apply(
        `${things}/s?fieldManager=two`,
        thing("s", { size: 3, tags: ["b"], parts: [{ id: "y", count: 2 }] }),
      ),
      apply(`${things}/s?fieldManager=two`, thing("s", { size: 4 })),
      apply(`${things}/s?fieldManager=one`, thing("s", { tags: ["c"] })),
      apply(`${things}/s?fieldManager=one`, thing("s", { bogus: 1 })),
      apply(`${things}/s/status?fieldManager=three`, {
        ...thing("s"),
        spec: undefined,
        status: { phase: "Up" },
      }),
      get(`${things}/s`),
      del(`${things}/s`),
      del(`${things}/a`),
      get(`${things}/absent`),
    ],
  },
]
