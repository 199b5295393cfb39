/** Texts by `catalog:oid:column` (0: the object itself) that know what was asked of them. */
export class AskedMap<Value> extends Map<string, Value> {
  readonly #asked = new Set<string>()

  override get(key: string): Value | undefined {
    this.#asked.add(key)
    return super.get(key)
  }

  /** The keys that nobody looked up. */
  unasked(): readonly string[] {
    return [...this.keys()].filter((key) => !this.#asked.has(key))
  }
}

/** An AskedMap to those who only read it. */
export interface Asked<Value> extends ReadonlyMap<string, Value> {
  unasked(): readonly string[]
}
