import Counter from "prom-client/lib/counter.js"
import Gauge from "prom-client/lib/gauge.js"
import Histogram from "prom-client/lib/histogram.js"
import Registry from "prom-client/lib/registry.js"

/**
 * Metrics as a table: `createMetrics({ awscni_add_ip_req_count: counter("..."), ... })` gives one typed recorder per
 * name. Every label of a metric must be given, and the number of label sets of a metric is limited: what comes after
 * the limit is recorded under the label value "other", so that a bug cannot grow the scrape without end.
 */
export interface Declaration<K extends Kind = Kind, L extends string = string> {
  readonly kind: K
  readonly help: string
  readonly labels: readonly L[]
  readonly buckets?: readonly number[]
  readonly maxSeries: number
}

type Kind = "counter" | "gauge" | "histogram"

const declare =
  <K extends Kind>(kind: K) =>
  <const L extends string = never>(
    help: string,
    labels: readonly L[] = [],
    options: { buckets?: readonly number[]; maxSeries?: number } = {},
  ): Declaration<K, L> => ({ kind, help, labels, maxSeries: 200, ...options })

export const counter = declare("counter")
export const gauge = declare("gauge")
/** Buckets are upper bounds in the unit of the metric's name. */
export const histogram = declare("histogram")

type Labels<L extends string> = [L] extends [never] ? [] : [labels: Readonly<Record<L, string>>]

export interface CounterMetric<L extends string> {
  inc(...labels: Labels<L>): void
  add(by: number, ...labels: Labels<L>): void
}
export interface GaugeMetric<L extends string> {
  set(value: number, ...labels: Labels<L>): void
  /** Forgets every label set, for gauges that are rewritten as a whole. */
  reset(): void
}
export interface HistogramMetric<L extends string> {
  observe(value: number, ...labels: Labels<L>): void
}

type Recorder<D> =
  D extends Declaration<"counter", infer L>
    ? CounterMetric<L>
    : D extends Declaration<"gauge", infer L>
      ? GaugeMetric<L>
      : D extends Declaration<"histogram", infer L>
        ? HistogramMetric<L>
        : never

export type Metrics<T> = { readonly [N in keyof T]: Recorder<T[N]> } & {
  /** The Prometheus text format (version 0.0.4). */
  text(): Promise<string>
}

/** Makes the recorders of a table, in a registry of their own. */
export function createMetrics<const T extends Record<string, Declaration>>(table: T): Metrics<T> {
  const registry = new Registry()
  const recorders = Object.entries(table).map(([name, d]) => [name, record(name, d, registry)])
  return { ...Object.fromEntries(recorders), text: () => registry.metrics() }
}

type LabelValues = Readonly<Record<string, string>>

function record(name: string, d: Declaration, registry: InstanceType<typeof Registry>) {
  const base = { name, help: d.help, labelNames: [...d.labels], registers: [registry] }
  const limited = limitSeries(d)
  if (d.kind === "counter") {
    const metric = new Counter(base)
    return {
      inc: (labels?: LabelValues) => metric.inc(limited.admit(labels)),
      add: (by: number, labels?: LabelValues) => metric.inc(limited.admit(labels), by),
    }
  }
  if (d.kind === "gauge") {
    const metric = new Gauge(base)
    const reset = () => {
      limited.forget()
      metric.reset()
    }
    return {
      set: (value: number, labels?: LabelValues) => metric.set(limited.admit(labels), value),
      reset,
    }
  }
  const metric = new Histogram(d.buckets ? { ...base, buckets: [...d.buckets] } : base)
  return {
    observe: (value: number, labels?: LabelValues) => metric.observe(limited.admit(labels), value),
  }
}

function limitSeries(d: Declaration) {
  const seen = new Set<string>()
  const other = Object.fromEntries(d.labels.map((l) => [l, "other"]))
  return {
    admit(labels: LabelValues = {}): LabelValues {
      const key = d.labels.map((l) => labels[l]).join("\0")
      if (seen.has(key)) return labels
      if (seen.size >= d.maxSeries) return other
      seen.add(key)
      return labels
    },
    forget: () => seen.clear(),
  }
}
