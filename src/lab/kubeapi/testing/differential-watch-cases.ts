import { type Case, del, get, merge, post } from "./differential-step.ts"

const path = "/api/v1/namespaces/default/configmaps"
const made = (name: string, step: string) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, labels: { watch: step } },
})
/**
 * A watch that ends by itself; what came before is history. A real server asks etcd before it says that the initial
 * events end, which takes a moment; from three seconds on it would add a bookmark two seconds before the end.
 */
const watch = (query: string, accept?: string, seconds = 1) =>
  get(`${path}?watch=true&timeoutSeconds=${seconds}&${query}`, accept)

export const watchCases: readonly Case[] = [
  {
    name: "watches: from a revision, from now, with bookmarks, as tables, from a forgotten revision",
    steps: [
      post(path, made("w1", "a")),
      post(path, made("w2", "a")),
      merge(`${path}/w1`, { metadata: { labels: { watch: "b" } } }),
      watch("labelSelector=watch%3Da"),
      watch("labelSelector=watch%3Da&resourceVersion=0"),
      watch("fieldSelector=metadata.name%3Dw1"),
      watch(
        "labelSelector=watch&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true",
        undefined,
        2,
      ),
      watch("sendInitialEvents=true"),
      watch("labelSelector=watch%3Db", "application/json;as=Table;v=v1;g=meta.k8s.io"),
      watch(
        "labelSelector=watch%3Db",
        "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
      ),
      watch("resourceVersion=x"),
      get(`${path}/w1?watch=true&timeoutSeconds=1`),
      del(`${path}/w1`),
      del(`${path}/w2`),
    ],
  },
]
