import { encode } from "uqr";
import { type Html, html } from "../../web/html.ts";

/** A QR code as SVG, one path for all dark squares. */
export function qrCode(text: string, label: string): Html {
  const { data, size } = encode(text, { ecc: "M", border: 4 });
  const squares = data.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : [])));
  return html`<svg class="qr" viewBox="0 0 ${size} ${size}" role="img" aria-label="${label}"><path d="${squares.join("")}"/></svg>`;
}
