/** The key that the tests' responders take. */
export const ALERT_KEY = "the-key-of-the-tests-0123456789-abcdefghijk";
