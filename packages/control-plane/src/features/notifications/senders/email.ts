import type { NotificationMessage } from "../channel.ts";
import { type Delivery, DeliveryError, type DeliveryTools } from "../delivery.ts";

const TIMES = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 20_000, dnsTimeout: 5_000 };

/** One mail to one person or address, by SMTP. With `starttls` a server that offers no TLS is not spoken to. */
export async function sendEmail(
  { settings, row, link, signal }: Delivery<"email">,
  tools: DeliveryTools,
): Promise<void> {
  if (row.address === null) throw new DeliveryError("the person has no address", { final: true });
  const { host, port, tls, username, password, from } = settings;
  const auth =
    username === undefined || password === undefined
      ? undefined
      : { user: username, pass: await tools.secret(password) };
  if (auth !== undefined && tls === "none")
    throw new DeliveryError("a password is not sent in clear text", { final: true });
  const { createTransport } = await import("nodemailer");
  const transport = createTransport({
    // The address that was judged, and no other that the name may lead to meanwhile.
    host: await tools.guard.resolve(host),
    port,
    secure: tls === "always",
    requireTLS: tls === "starttls",
    ignoreTLS: tls === "none",
    tls: { servername: host, minVersion: "TLSv1.2" },
    ...(auth !== undefined && { auth }),
    ...TIMES,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const stop = () => transport.close();
  signal.addEventListener("abort", stop, { once: true });
  try {
    await transport.sendMail({
      from,
      to: { name: "", address: row.address },
      subject: row.message.title,
      text: mailText(row.message, link),
      // The same when it is sent again: a mail program shows it once.
      messageId: `<${row.id}@tidewaiter.invalid>`,
      headers: { "Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All" },
    });
  } catch (error) {
    throw smtpError(error);
  } finally {
    signal.removeEventListener("abort", stop);
    transport.close();
  }
}

export function mailText({ title, facts, code, action, note }: NotificationMessage, link: string): string {
  return [
    title,
    "",
    ...facts.map(({ name, value }) => `${name}: ${value}`),
    ...(code === undefined ? [] : ["", ...code.split("\n").map((line) => `    ${line}`)]),
    "",
    `${action}:`,
    link,
    ...(note === undefined ? [] : ["", note]),
    "",
  ].join("\n");
}

/** 5yz is final (RFC 5321, 4.2.1). The server's own words may quote what we sent, so only the number is told. */
function smtpError(error: unknown): DeliveryError {
  const { responseCode, code } = error as { readonly responseCode?: unknown; readonly code?: unknown };
  const number = typeof responseCode === "number" ? responseCode : undefined;
  const final = number !== undefined && number >= 500 && number !== 535;
  const text = number === undefined ? String(code ?? "no answer") : `SMTP ${number}`;
  return new DeliveryError(`the mail server did not take it (${text})`, { final, cause: error });
}
