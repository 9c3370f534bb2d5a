import * as k8s from "@pulumi/kubernetes";
import { EventBroker } from "./stack/events/broker.ts";
import { readConfig } from "./stack/config/config.ts";
import { DeadLetters } from "./stack/responder/dead-letters.ts";
import { Falco } from "./stack/falco/falco.ts";
import { alertFilters, responseFilters } from "./stack/events/filters.ts";
import { ResponderImage } from "./stack/responder/image.ts";
import { Knative } from "./stack/knative/knative.ts";
import { loadKnative } from "./stack/knative/manifests.ts";
import { Responder } from "./stack/responder/responder.ts";
import { checkCluster } from "./stack/preflight/preflight.ts";
import { protectionOf } from "./stack/responder/protection.ts";
import { readRules, summaryOf } from "./stack/responder/rules.ts";
import { EventTrigger } from "./stack/events/trigger.ts";

const config = readConfig();
const { rules: paths, settings, scale, resources } = config.responder;
const { dryRun, skipBrokenRules: skipBroken, timeoutSeconds } = settings;
const response = readRules(paths, { dryRun, skipBroken, timeoutSeconds });
await checkCluster(config);
const provider = new k8s.Provider("cluster", {
  ...config.cluster,
  enableConfigMapMutable: true,
  enableSecretMutable: true,
});

// Knative carries the events and runs the responder. All that uses it comes after it, and goes before it.
const knative =
  config.knative.install && new Knative("knative", { manifests: await loadKnative(config.knative) }, { provider });
const onKnative = { provider, dependsOn: knative ? [knative] : [] };

// Alerts come from Falco, and falcosidekick posts them to the Broker.
const broker = new EventBroker("broker", config.broker, onKnative);
const falco = new Falco("falco", { ...config.falco, brokerUrl: broker.url }, { provider });

// The responder acts on them as the rules say.
const { namespace, brokerName } = broker;
const { reference, pullSecrets } = new ResponderImage("image", { image: config.image, namespace }, { provider });
const base = { namespace, image: reference, pullSecrets, resources, timeoutSeconds };
const told = { rules: response, settings, protection: protectionOf(config), brokerUrl: broker.url };
const responder = new Responder("responder", { ...base, ...told, scale }, onKnative);

// What can't be delivered is told to falcosidekick, or to whom the stack names.
const { deadLetterSink, ...delivery } = config.delivery;
const deadLetters = deadLetterSink
  ? { uri: deadLetterSink }
  : new DeadLetters("dead-letters", { ...base, sidekickUrl: falco.sidekickUrl }, onKnative).destination;
const route = { namespace, brokerName, delivery, deadLetterSink: deadLetters };

// Alerts that a rule may answer go to the responder; its responses go back to falcosidekick, to be seen.
new EventTrigger(
  "alerts",
  { ...route, filters: alertFilters(response.rules), subscriber: responder.destination },
  onKnative,
);
new EventTrigger(
  "responses",
  { ...route, filters: responseFilters(), subscriber: { uri: falco.sidekickUrl } },
  onKnative,
);

export const brokerUrl = broker.url;
export const responderUrl = responder.url;
export const imageDigest = reference;
export const falcosidekickUi = falco.uiCommand;
export const rules = response.rules.map(summaryOf);
