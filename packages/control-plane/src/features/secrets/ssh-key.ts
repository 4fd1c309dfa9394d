import { createHash } from "node:crypto";
import { TidewaiterError } from "@tidewaiter/core/errors";

/** Types of keys that are taken: what sk- keys sign holds more than our check of a signature reads. */
const TYPES = new Set(["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa"]);
/** Of the blob of an RSA key with 2048 bits. */
const MIN_RSA_BYTES = 270;

/**
 * The fingerprint, as ssh-keygen -l shows it, of a line as in `~/.ssh/id_ed25519.pub`.
 * @throws TidewaiterError `bad_request`
 */
export function sshKeyFingerprint(line: string): string {
  const [type = "", base64 = ""] = line.trim().split(/\s+/);
  const blob = Buffer.from(base64, "base64");
  const length = blob.length < 4 ? 0 : blob.readUInt32BE(0);
  if (!TYPES.has(type) || blob.toString("latin1", 4, 4 + length) !== type || blob.toString("base64") !== base64) {
    throw new TidewaiterError("bad_request", "publicKey: not a line of ssh-ed25519, ecdsa-sha2-nistp* or ssh-rsa", {
      next: "Give the file that ends in .pub.",
    });
  }
  if (type === "ssh-rsa" && blob.length < MIN_RSA_BYTES) {
    throw new TidewaiterError("bad_request", "publicKey: an RSA key needs 2048 bits");
  }
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}
