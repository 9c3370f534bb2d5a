/** What outputs are called as CloudEvents. */
export const OUTPUT_TYPE = "falco.response.output.v1";

/** What falcosidekick's alerts are called as CloudEvents. */
export const ALERT_TYPE = "falco.rule.output.v1";

/**
 * The extension by which an alert shows that it comes from a falcosidekick that knows the key. It is read, and dropped,
 * before anything else is done with the event.
 */
export const ALERT_KEY_EXTENSION = "alertkey";

/** Where they come from: current releases of falcosidekick, and those of 2021. */
export const ALERT_SOURCES = ["https://falco.org", "falco.org"] as const;

/** What the responder's replies are called as CloudEvents. */
export const RESPONSE_TYPE = "falco.response.v1";

/** Where they come from. */
export const RESPONSE_SOURCE = "/response-engine/responder";

/**
 * The `source` of a response's payload, which falcosidekick sends along as the extension `eventsource` when it
 * passes the response on as an alert: what has it is never answered.
 */
export const RESPONSE_EVENT_SOURCE = "response";
