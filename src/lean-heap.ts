// Imported first of all by the processes that run for long, so that V8 lays out its heap as the rest of them loads.
import { setFlagsFromString } from "node:v8"

// The space for young objects grows to 48 MiB under load, and is never given back.
setFlagsFromString("--semi-space-growth-factor=1")
// Garbage that became old is collected when the heap has grown by a third, not when it has doubled.
setFlagsFromString("--optimize-for-size")
