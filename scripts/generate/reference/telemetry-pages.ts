/** docs/reference/metrics.md and response-flags.md, from the descriptions that the program itself goes by. */
import { hookTimeMetrics } from '../../../src/filter/guard/reading-metrics.ts'
import { Counters } from '../../../src/proxy/counters.ts'
import { controllerDefinitions } from '../../../src/telemetry/controller/controller-metrics.ts'
import { istioBounds } from '../../../src/telemetry/istio/histogram.ts'
import { istioMetrics } from '../../../src/telemetry/istio/istio-metrics.ts'
import { labelNames, toSnakeCase } from '../../../src/telemetry/labels.ts'
import { responseFlags } from '../../../src/telemetry/meanings/response-flags.ts'
import {
  endpointMetrics,
  labelledMetrics,
  scalarDefinitions,
  type ScalarDefinition,
} from '../../../src/telemetry/scalars.ts'
import { code, formatTable, generatedFrom, plain } from './markdown.ts'

/** The page of metrics as Markdown. */
export const formatMetricsPage = (): string => `# Metrics

${generatedFrom('the definitions of the metrics')} Concepts, and how to read them:
[records and metrics](../concepts/records-and-metrics.md).

## Of requests

Istio's metrics with Istio's labels, at \`:15020/stats/prometheus\` of a waypoint.

${formatTable(
  ['metric', 'type', 'labels', 'meaning'],
  istioMetrics.map(({ name, type, kind, help }) => [code(name), type, kindNames[kind], plain(help)]),
)}
Buckets of all histograms: ${istioBounds.join(', ')}.

- Labels of who talks to whom: ${formatNames(peers)}.
- Of requests beside those: ${formatNames(names.request.slice(peers.length))}.
- Of connections beside those: ${formatNames(names.tcp.slice(peers.length))}.

${code('response_flags')} are explained [here](response-flags.md).

## Of a waypoint

At the same place. Those of several workers are added up; of gauges marked so the largest or smallest counts.

${formatTable(['metric', 'type', 'labels', 'meaning'], [...scalarDefinitions.values()].map(formatScalar))}
## Of filters

${formatTable(['metric', 'type', 'labels', 'meaning'], formatHookTimes())}
Filters have metrics of their own besides (\`env.counter\`, \`env.histogram\`): each has the label \`filter\`.

## Of a controller

At \`:15020/stats/prometheus\` of the controller.

${formatTable(['metric', 'type', 'meaning'], controllerRows())}`

/** The page of response flags as Markdown. */
export const formatFlagsPage = (): string => `# Response flags

${generatedFrom('the table in src/telemetry')} They stand in \`response_flags\` of the access log and of
\`istio_requests_total\`, and are Envoy's. \`response_code_details\` in the access log says it more exactly.

${formatTable(
  ['flag', 'meaning'],
  Object.entries(responseFlags).map(([flag, meaning]) => [code(flag), plain(meaning)]),
)}`

const names = labelNames()
/** Those of messages are what all of them have. */
const peers = names.messages

const kindNames = {
  request: 'of requests',
  messages: 'who talks to whom',
  tcp: 'of connections',
} as const

const formatNames = (all: readonly string[]): string => all.map(code).join(', ')

const formatScalar = ({ name, type, merge, label = [], help }: ScalarDefinition): readonly string[] => {
  const labels = typeof label === 'string' ? [label] : label
  const values = valuesOf(name)
  const known = values.length === 0 ? '' : `: ${values.map(code).join(', ')}`
  return [
    code(name),
    merge === 'sum' ? type : `${type} (${merge})`,
    `${labels.map(code).join(', ')}${known}`,
    plain(help),
  ]
}

/** Of a metric with one label whose values are fields of the counters. */
const valuesOf = (name: string): readonly string[] => {
  const counters = new Counters()
  const found = [
    { definitions: labelledMetrics, numbers: counters },
    { definitions: endpointMetrics, numbers: counters.endpoints },
  ].flatMap(({ definitions, numbers }) => {
    const field = Object.entries(definitions).find(([, definition]) => definition.name === name)?.[0]
    return Object.entries(numbers).flatMap(([key, value]: [string, unknown]) => (key === field ? [value] : []))
  })
  return found.flatMap((value) =>
    typeof value === 'object' && value !== null ? Object.keys(value).map(toSnakeCase) : [],
  )
}

const formatHookTimes = (): readonly (readonly string[])[] => {
  const [hookTimes] = hookTimeMetrics([])
  return hookTimes === undefined
    ? [
        [
          code('fairway_filter_hook_seconds'),
          'histogram',
          code('filter'),
          'For how long hooks of filters held the event loop',
        ],
      ]
    : [[code(hookTimes.name), hookTimes.type, code('filter'), hookTimes.help]]
}

const controllerRows = (): readonly (readonly string[])[] =>
  Array.from(controllerDefinitions.values(), ({ name, type, help }) => [code(name), type, plain(help)])
