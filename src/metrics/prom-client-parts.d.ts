// prom-client's entry point also loads its default metrics, push gateway and cluster support, which take 10 MiB of the
// agent's memory and are not used. These are its parts as they are, without types of their own.
declare module "prom-client/lib/registry.js" {
  import { Registry } from "prom-client"
  export default Registry
}
declare module "prom-client/lib/counter.js" {
  import { Counter } from "prom-client"
  export default Counter
}
declare module "prom-client/lib/gauge.js" {
  import { Gauge } from "prom-client"
  export default Gauge
}
declare module "prom-client/lib/histogram.js" {
  import { Histogram } from "prom-client"
  export default Histogram
}
