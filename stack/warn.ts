import * as pulumi from "@pulumi/pulumi";

/** Tells the person at the terminal something that doesn't stop the program. */
export type Warn = (message: string) => void;

export const onScreen: Warn = (message) => {
  void pulumi.log.warn(message);
};
