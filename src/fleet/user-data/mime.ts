const boundary = "==BERTH=="

/**
 * One part as MIME multi-part (RFC 2046), the form that EKS can append its own part to. The empty line between a part's
 * header and its body is mandatory; without it nodeadm reads no configuration at all.
 */
export function mime(contentType: string, body: string): string {
  return [
    "MIME-Version: 1.0",
    `Content-Type: multipart/mixed; boundary="${boundary}"`,
    "",
    `--${boundary}`,
    `Content-Type: ${contentType}`,
    "",
    body.trimEnd(),
    "",
    `--${boundary}--`,
    "",
  ].join("\n")
}
