/** A table of a Markdown page; what would end a cell is escaped. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replace(/\s+/g, " ").trim()).join(" | ")} |\n`;
  return line(head) + line(head.map(() => "---")) + rows.map(line).join("");
}

/** A value as a cell shows it; nothing for what is empty. */
export function valueCell(value: unknown): string {
  if (value === undefined || value === null || value === "") return "";
  return `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;
}

/** A sentence of words that may start in lower case. */
export function sentence(words: string): string {
  const text = words.trim();
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith(".") ? "" : "."}`;
}
