/** Six digits are of an authenticator app; anything else is a recovery code. */
export function factorOf(typed: string): { readonly code: string } | { readonly recoveryCode: string } {
  const code = typed.trim();
  return /^\d{3} ?\d{3}$/.test(code) ? { code } : { recoveryCode: code };
}
