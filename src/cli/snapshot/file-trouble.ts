const reasons: Record<string, string> = {
  ENOENT: "no such file",
  EACCES: "permission denied",
  EISDIR: "it is a folder",
  ENOSPC: "no space left",
  EROFS: "the file system is read-only",
}

/** Why the file system refused, for people. */
export function fileTrouble(error: unknown): string {
  const code = (error as { code?: string }).code ?? ""
  return reasons[code] ?? (error instanceof Error ? error.message : String(error))
}
