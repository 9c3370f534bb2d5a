import { startControlPlane, type ControlPlane } from "../support/control-plane.ts";

let starting: Promise<ControlPlane> | undefined;

/** The control plane that the test files of this folder share: started by the first that asks, stopped after the last. */
export function controlPlane(context: Mocha.Context): Promise<ControlPlane> {
  // a first run builds its programs
  context.timeout(45 * 60_000);
  return (starting ??= startControlPlane());
}

// outside of any suite, so a hook of the whole run
after(async () => {
  const [started] = await Promise.allSettled([starting]);
  if (started.status === "fulfilled") await started.value?.stop();
});
