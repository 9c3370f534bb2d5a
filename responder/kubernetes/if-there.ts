import { apiErrorOf, isNotFound } from "./errors.ts";

/** What a request gives; undefined where the API itself says that the object isn't there. @throws {ApiError} */
export async function ifThere<T>(request: Promise<T>): Promise<T | undefined> {
  try {
    return await request;
  } catch (thrown) {
    if (isNotFound(apiErrorOf(thrown))) return undefined;
    throw thrown;
  }
}
