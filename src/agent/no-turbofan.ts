// Imported first of all, before anything is compiled.
import { setFlagsFromString } from "node:v8"

// The agent's time is spent in the kernel. The largest of V8's compilers would bring 5 MiB of its own code into memory at
// the first burst of pods, and threads that compete with the plugins for the CPU; those before it make nearly all of the
// speed.
setFlagsFromString("--no-turbofan")
