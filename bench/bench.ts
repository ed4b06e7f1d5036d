/** A measurement that takes a bounded time, and prints as a table or as JSON. */
export interface Bench<Result> {
  measure(): Promise<Result>
  /** The lines of the table. */
  table(result: Result): string[]
}
