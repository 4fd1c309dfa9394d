import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Keys, requests and forged certificates by OpenSSL, in a folder of their own. */
export class OpensslFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "tw-openssl-"));

  file(name: string): string {
    return join(this.path, name);
  }

  write(name: string, text: string): string {
    writeFileSync(this.file(name), text, { mode: 0o600 });
    return this.file(name);
  }

  run(...args: string[]): string {
    return execFileSync("openssl", args, { cwd: this.path, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  }

  /** A key in NAME.key and its request, as PEM. */
  request(name: string, algorithm: readonly string[] = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]): string {
    this.run(
      "req",
      "-new",
      "-newkey",
      ...algorithm,
      "-nodes",
      "-keyout",
      `${name}.key`,
      "-out",
      `${name}.csr`,
      "-subj",
      "/CN=x",
    );
    return readFileSync(this.file(`${name}.csr`), "utf8");
  }

  /** Signs the request of NAME with the key and certificate of another; PEM. */
  sign(name: string, by: { certificate: string; key: string }, extensions: string): string {
    this.write("ext.cnf", extensions);
    const out = ["-out", `${name}.crt`, "-days", "1", "-extfile", "ext.cnf"];
    this.run("x509", "-req", "-in", `${name}.csr`, "-CA", by.certificate, "-CAkey", by.key, "-CAcreateserial", ...out);
    return readFileSync(this.file(`${name}.crt`), "utf8");
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

export function derBase64(pem: string): string {
  return new X509Certificate(pem).raw.toString("base64");
}
