/** What became of a POST: nothing to say of one that was taken. */
export interface PostFailure {
  /** HTTP status; undefined where there was no answer. */
  status: number | undefined;
  reason: string;
}

/**
 * Posts to a URL of ours, and follows no redirect from there. User and password in the URL are sent as what they are,
 * and stand in no message.
 * @param timeout milliseconds until it is answered
 */
export async function post(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  timeout: number,
): Promise<PostFailure | undefined> {
  const { href, authorization } = withoutPassword(url);
  try {
    const answer = await fetch(href, {
      method: "POST",
      headers: { ...headers, ...(authorization !== undefined && { authorization }) },
      body,
      redirect: "manual",
      signal: AbortSignal.timeout(timeout),
    });
    // nobody reads what it says, however much that is
    answer.body?.cancel().catch(() => undefined);
    return answer.ok ? undefined : { status: answer.status, reason: `it answered ${answer.status}` };
  } catch (error) {
    const { message, cause } = error as Error;
    return { status: undefined, reason: cause instanceof Error ? cause.message : message };
  }
}

/** A URL as it may stand in a message: where it leads, without user, password and query. */
export function shown(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

function withoutPassword(url: string): { href: string; authorization?: string } {
  const parsed = new URL(url);
  const { username, password } = parsed;
  if (username === "" && password === "") return { href: url };
  parsed.username = parsed.password = "";
  const user = `${decoded(username)}:${decoded(password)}`;
  return { href: parsed.href, authorization: `Basic ${Buffer.from(user).toString("base64")}` };
}

/** A "%" that is none of an encoding's stands for itself. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
