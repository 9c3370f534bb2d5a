/** What the two services, and all that is made for each, are called in the cluster. */
export const RESPONDER_NAME = "responder";
export const DEAD_LETTER_NAME = "responder-dead-letter";
