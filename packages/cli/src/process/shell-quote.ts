export const SHELLS = ["sh", "fish", "powershell"] as const;
export type Shell = (typeof SHELLS)[number];

/** The kind of a shell by its name or its path: `/usr/bin/fish`, `zsh`. Without one `sh`; undefined for none that is known. */
export function parseShell(text: string | undefined): Shell | undefined {
  const name = (text ?? "sh").replace(/^.*[/\\]/, "").replace(/\.exe$/i, "");
  if (["", "sh", "bash", "zsh", "dash", "ksh", "ash"].includes(name)) return "sh";
  if (name === "fish") return "fish";
  return name === "powershell" || name === "pwsh" ? "powershell" : undefined;
}

/** One line that sets and exports a variable, whatever is in its value. */
export function exportLine(shell: Shell, name: string, value: string): string {
  switch (shell) {
    case "sh":
      return `export ${name}='${value.replaceAll("'", "'\\''")}'`;
    case "fish":
      return `set -gx ${name} '${value.replace(/[\\']/g, "\\$&")}'`;
    case "powershell":
      return `$env:${name} = '${value.replaceAll("'", "''")}'`;
  }
}
