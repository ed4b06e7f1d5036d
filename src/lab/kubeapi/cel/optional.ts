/** A value that may be absent: what `.?field` and `[?key]` give, and what selecting further in one gives. */
export class Optional {
  static readonly none = new Optional(undefined, false)
  readonly value: unknown
  readonly present: boolean

  constructor(value: unknown, present = true) {
    this.value = value
    this.present = present
  }
}
