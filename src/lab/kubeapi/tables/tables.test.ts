import assert from "node:assert/strict"
import { test } from "node:test"
import type { ApiObject } from "../api-object.ts"
import { duration } from "./duration.ts"
import { podColumns } from "./pod-columns.ts"

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

test("ages are printed as kubectl prints them", () => {
  for (const [ms, text] of [
    [0, "0s"],
    [119 * second, "119s"],
    [2 * minute, "2m"],
    [9 * minute + 59 * second, "9m59s"],
    [10 * minute + 30 * second, "10m"],
    [179 * minute, "179m"],
    [3 * hour, "3h"],
    [7 * hour + 59 * minute, "7h59m"],
    [8 * hour + 30 * minute, "8h"],
    [47 * hour, "47h"],
    [2 * day, "2d"],
    [7 * day + 23 * hour, "7d23h"],
    [8 * day + 5 * hour, "8d"],
    [729 * day, "729d"],
    [730 * day, "2y"],
    [800 * day, "2y70d"],
    [3000 * day, "8y"],
    [-5 * minute, "<invalid>"],
  ] as const) {
    assert.equal(duration(ms), text)
  }
})

const pod = (status: object, spec: object = {}, metadata: object = {}): ApiObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "p", creationTimestamp: "2026-01-01T00:00:00Z", ...metadata },
  spec: { containers: [{ name: "a" }, { name: "b" }], ...spec },
  status,
})
const cells = (object: ApiObject) =>
  podColumns.slice(1, 4).map((c) => c.cell(object, Date.parse("2026-01-01T01:00:00Z")))
const running = { ready: true, restartCount: 0, state: { running: {} } }
const waiting = (reason: string) => ({
  ready: false,
  restartCount: 0,
  state: { waiting: { reason } },
})

test("the state of a pod in words", () => {
  const going = { deletionTimestamp: "2026-01-01T00:30:00Z" }
  const init = { initContainers: [{ name: "i" }, { name: "j" }] }
  const ended = { reason: "Error", exitCode: 1, finishedAt: "2026-01-01T00:50:00Z" }
  for (const [object, wanted] of [
    [pod({ phase: "Pending" }), ["0/2", "Pending", "0"]],
    [pod({ phase: "Running", containerStatuses: [running, running] }), ["2/2", "Running", "0"]],
    [
      pod({ phase: "Pending", containerStatuses: [waiting("ContainerCreating"), running] }),
      ["1/2", "ContainerCreating", "0"],
    ],
    [pod({ phase: "Running" }, {}, going), ["0/2", "Terminating", "0"]],
    [pod({ phase: "Succeeded" }, {}, going), ["0/2", "Succeeded", "0"]],
    [pod({ phase: "Running", reason: "NodeLost" }, {}, going), ["0/2", "Unknown", "0"]],
    [pod({ phase: "Failed", reason: "Evicted" }), ["0/2", "Evicted", "0"]],
    [
      pod({
        phase: "Running",
        containerStatuses: [
          running,
          { ...waiting("CrashLoopBackOff"), restartCount: 3, lastState: { terminated: ended } },
        ],
      }),
      ["1/2", "CrashLoopBackOff", "3 (10m ago)"],
    ],
    [
      pod(
        {
          phase: "Pending",
          initContainerStatuses: [
            { state: { terminated: { exitCode: 0 } } },
            waiting("PodInitializing"),
          ],
        },
        init,
      ),
      ["0/2", "Init:1/2", "0"],
    ],
    [
      pod(
        { phase: "Pending", initContainerStatuses: [{ state: { terminated: { exitCode: 2 } } }] },
        init,
      ),
      ["0/2", "Init:ExitCode:2", "0"],
    ],
    [
      pod({
        phase: "Running",
        containerStatuses: [
          { state: { terminated: { exitCode: 0, reason: "Completed" } } },
          running,
        ],
      }),
      ["1/2", "NotReady", "0"],
    ],
    [
      pod({
        phase: "Pending",
        conditions: [{ type: "PodScheduled", status: "False", reason: "SchedulingGated" }],
      }),
      ["0/2", "SchedulingGated", "0"],
    ],
  ] as const) {
    assert.deepEqual(cells(object), wanted)
  }
})
