/** The environment is not as the stack sets it; the message names the variable, its value and what it takes. */
export class EnvironmentError extends Error {
  override name = "EnvironmentError";
}

/** A port to listen on; 0 for a free one. @throws {EnvironmentError} */
export function portFrom(name: string, otherwise: number): number {
  const value = process.env[name];
  if (value === undefined || value === "") return otherwise;
  if (!/^\d{1,5}$/.test(value) || Number(value) > 65535) {
    throw new EnvironmentError(`${name}: "${value}" is not a port; it takes 0 to 65535`);
  }
  return Number(value);
}

/** Seconds, a whole number. @throws {EnvironmentError} */
export function secondsFrom(name: string, otherwise: number): number {
  const value = process.env[name] ?? "";
  if (value === "") return otherwise;
  if (!/^\d{1,5}$/.test(value))
    throw new EnvironmentError(`${name}: "${value}" is not allowed; it takes a whole number of seconds`);
  return Number(value);
}

/** @param otherwise where it isn't set; it must be, where this isn't given @throws {EnvironmentError} */
export function urlFrom(name: string, otherwise?: string): string {
  const value = process.env[name] ?? "";
  if (value === "" && otherwise !== undefined) return otherwise;
  if (!URL.canParse(value) || !/^https?:/.test(value)) {
    throw new EnvironmentError(`${name}: "${value}" is not allowed; it takes an http or https URL`);
  }
  return value;
}

/** false where it isn't set. @throws {EnvironmentError} */
export function flagFrom(name: string): boolean {
  const value = process.env[name] ?? "";
  if (!["", "false", "true"].includes(value))
    throw new EnvironmentError(`${name}: "${value}" is not allowed; it takes true or false`);
  return value === "true";
}

/** The items of a list with commas between them. */
export function listFrom(name: string): string[] {
  return (process.env[name] ?? "")
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}
