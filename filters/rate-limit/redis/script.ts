/**
 * One decision on all limits of a request, or what its answer takes of them: atomic, by the clock of the server, so that
 * replicas need not agree on the time. The same rules as `counting/token-bucket.ts` and `counting/sliding-window.ts`.
 * ARGV: `decide` or `charge`, then for each key: algorithm (`T`, `S`), requests, period in ms, burst, cost, shadow (`0`, `1`).
 * Answers `decide` with 0 or 1, and for each key wait, remaining and reset.
 */
export const script = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000
local deciding = ARGV[1] == 'decide'
local states, waits, allowed = {}, {}, 1
for i, key in ipairs(KEYS) do
  local at = 2 + (i - 1) * 6
  local s = {
    bucket = ARGV[at] == 'T', requests = tonumber(ARGV[at + 1]), period = tonumber(ARGV[at + 2]),
    burst = tonumber(ARGV[at + 3]), cost = tonumber(ARGV[at + 4]), shadow = ARGV[at + 5] == '1',
  }
  states[i] = s
  local kept = redis.call('HMGET', key, 'a', 'b', 'c')
  local a, b, c = tonumber(kept[1]), tonumber(kept[2]), tonumber(kept[3])
  local need = math.min(math.max(s.cost, 1), s.burst)
  local wait = 0
  if s.bucket then
    s.a = a and math.max(a, now) or now
    s.b = b and math.min(s.burst, b + math.max(0, now - a) * s.requests / s.period) or s.burst
    if need - s.b > 0.000001 then wait = (need - s.b) * s.period / s.requests end
  else
    local start = math.floor(now / s.period) * s.period
    if a == start then s.b, s.c = b, c
    elseif a and start - a == s.period then s.b, s.c = c, 0
    else s.b, s.c = 0, 0 end
    s.a = start
    s.elapsed = (now - start) / s.period
    local room = s.requests - need
    if s.b * (1 - s.elapsed) + s.c > room then
      local till = s.c <= room and 1 - (room - s.c) / s.b or 2 - room / s.c
      wait = math.max(1, (till - s.elapsed) * s.period)
    end
  end
  waits[i] = wait
  if wait > 0 and not s.shadow then allowed = 0 end
end
local answer = { allowed }
for i, key in ipairs(KEYS) do
  local s = states[i]
  if not deciding or (allowed == 1 and waits[i] == 0) then
    if s.bucket then
      s.b = s.b - s.cost
      redis.call('HSET', key, 'a', string.format('%.3f', s.a), 'b', string.format('%.6f', s.b))
      redis.call('PEXPIRE', key, math.ceil((s.burst - s.b) * s.period / s.requests) + 1000)
    else
      s.c = s.c + s.cost
      redis.call('HSET', key, 'a', string.format('%.0f', s.a), 'b', s.b, 'c', s.c)
      redis.call('PEXPIRE', key, 2 * s.period + 1000)
    end
  end
  local left, reset
  if s.bucket then
    left, reset = s.b, (s.burst - s.b) * s.period / s.requests
  else
    left = s.requests - s.b * (1 - s.elapsed) - s.c
    local periods = s.c > 0 and 2 or (s.b > 0 and 1 or 0)
    reset = periods == 0 and 0 or s.a + periods * s.period - now
  end
  answer[#answer + 1] = math.ceil(waits[i])
  answer[#answer + 1] = math.max(0, math.floor(left + 0.000001))
  answer[#answer + 1] = math.ceil(reset)
end
return answer
`
