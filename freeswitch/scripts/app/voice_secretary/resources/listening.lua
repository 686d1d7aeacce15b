-- Waits for what the caller does next: words, keys, or nothing for too long.

local listening = {}

-- While somebody speaks, or nobody: no verdict hangs on being quicker, the audio is all kept.
local TICK_MS, QUICK_TICK_MS = 100, 20
local KEY_GAP_MS, MAX_KEYS = 1500, 20
-- People think longer in a message than in an answer.
local MESSAGE_END_SILENCE_MS = 3000

local function option(value, default)
  return type(value) == "number" and value > 0 and value or default
end

-- wanted: the service's `listening`. A message may be longer, and its pauses too.
local function options_for(wanted, action)
  local options = {
    end_silence_ms = option(wanted.end_silence_ms, 1200),
    max_utterance_ms = option(wanted.max_utterance_ms, 30000),
    no_input_ms = option(wanted.no_input_ms, 8000),
  }
  if action.type == "record_message" then
    options.max_utterance_ms = option(action.max_s, 60) * 1000
    options.end_silence_ms = math.max(options.end_silence_ms, MESSAGE_END_SILENCE_MS)
  end
  return options
end

-- The keys entered until `#`, or until none came for a while; `#` alone is a key of its own.
local function read_keys(leg, detector)
  local keys, last_key_ms = "", leg:clock_ms()
  while leg:is_live() do
    local new = leg:take_keys()
    if new ~= "" then keys, last_key_ms = keys .. new, leg:clock_ms() end
    local ended = keys:find("#", 2, true)
    if ended then return keys:sub(1, ended - 1) end
    if keys == "#" or #keys >= MAX_KEYS or leg:clock_ms() - last_key_ms >= KEY_GAP_MS then
      return keys:sub(1, MAX_KEYS)
    end
    leg:wait(TICK_MS)
    detector:feed(leg:hear())
  end
  return keys
end

local function tick(detector)
  local quiet_ms = detector:quiet_ms()
  return quiet_ms > 0 and math.max(QUICK_TICK_MS, math.min(TICK_MS, quiet_ms)) or TICK_MS
end

local function words(detector, end_ms)
  return { digits = "", no_input = false, stretch = { start_ms = detector.utterance_start_ms, end_ms = end_ms } }
end

-- One of: {stretch, digits = ""}: words, as a stretch of the recording · {digits}: keys · {no_input = true} ·
-- {hung_up = true, stretch or nil}. limits.max_duration_s ends the wait, so that the service can say so.
function listening.listen(leg, detector, wanted, action, limits)
  local limit_ms = option(limits.max_duration_s, 600) * 1000
  detector:listen(options_for(wanted, action))
  while leg:is_live() do
    if leg.keys ~= "" then
      detector:idle()
      local digits = read_keys(leg, detector)
      detector:take()
      return { digits = digits, no_input = false, hung_up = not leg:is_live() or nil }
    end
    local verdict = detector:feed(leg:hear())
    if verdict == "ended" then
      local input = words(detector, detector.utterance_end_ms)
      detector:take()
      return input
    end
    if verdict == "no_input" or not detector.speaking and leg:clock_ms() >= limit_ms then
      return { digits = "", no_input = true }
    end
    if not verdict then leg:wait(tick(detector)) end
  end
  detector:feed(leg:hear())
  if not detector.speaking then return { hung_up = true } end
  local input = words(detector, leg:clock_ms())
  input.hung_up = true
  return input
end

return listening
