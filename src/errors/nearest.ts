/** The names most like `word`, for "did you mean": at most a third of its letters may differ. */
export function nearest<Name extends string>(
  word: string,
  names: readonly Name[],
  most = 2,
): Name[] {
  const limit = Math.max(2, Math.floor(word.length / 3))
  return names
    .map((name) => ({ name, far: name.includes(word) ? 1 : distance(word, name, limit) }))
    .filter((n) => n.far <= limit)
    .sort((a, b) => a.far - b.far)
    .slice(0, most)
    .map((n) => n.name)
}

/** Levenshtein's distance, or anything above `limit` when it is larger. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
