import { test } from "node:test"
import { kubeCases } from "../testing/kube-cases.ts"
import { memoryKube } from "./memory-kube.ts"

for (const [name, run] of Object.entries(kubeCases)) test(name, () => run(memoryKube()))
