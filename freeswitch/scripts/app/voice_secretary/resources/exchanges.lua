-- What a call says to the service and hears from it, by way of jobs. `call` below is a call.lua call.

local curl = require "app.voice_secretary.resources.curl"
local jobs = require "app.voice_secretary.resources.jobs"
local log = require "app.voice_secretary.resources.log"

local exchanges = {}

local CONNECT_TIMEOUT_S = 2
-- How long a service that is not there is tried again: ringing callers go elsewhere soon; in a call it may restart;
-- the end of a call can wait.
local RETRY_S = { set_up = 1.5, turn = 5, event = 5, finish = 60 }
-- What a thread of mod_lua may take to start and to place the audio, on top of the service's time.
local EXCHANGE_MARGIN_MS = 3000
local FINISH_TIMEOUT_S = 90
local THINKING_TICK_MS = 20

local function is_object(value)
  return type(value) == "table" and next(value) ~= nil
end

local function job(call, kind, request)
  request.domain_uuid = call.domain_uuid
  return {
    kind = kind, call_uuid = call.call_uuid, domain_uuid = call.domain_uuid, request = request,
    url = call.settings.url, folder = call.folder, retry_s = RETRY_S[kind],
    connect_timeout_s = CONNECT_TIMEOUT_S, timeout_s = call.settings.timeout_s,
  }
end

-- Hands a job over and waits for its outcome; the caller is heard meanwhile. The answer, or nil and the outcome.
local function ask(call, work)
  local handle, problem = call.jobs:start(work)
  if not handle then
    log.err(problem)
    return nil, { problem = problem, status = curl.NOT_CONNECTED }
  end
  local waited_ms, limit_ms = 0, work.timeout_s * 1000 + EXCHANGE_MARGIN_MS
  while waited_ms < limit_ms do
    local outcome = jobs.poll(handle)
    if outcome then return outcome.answer, outcome end
    call.leg:wait(THINKING_TICK_MS)
    waited_ms = waited_ms + THINKING_TICK_MS
    if call.answered then call.detector:feed(call.leg:hear()) end
  end
  log.err(work.kind .. " never came back for call " .. call.call_uuid)
  return nil, { problem = "no outcome", status = curl.NO_ANSWER }
end

-- The set-up's answer, and what it fixes for the whole call; or nil and the outcome.
function exchanges.set_up(call)
  local work = job(call, "set_up", {
    call_uuid = call.call_uuid, domain_name = call.settings.domain_name,
    called_number = call.settings.called_number or "", caller_number = call.settings.caller_number or "",
    audio_transport = call.settings.transport, stream = call.stream_offer,
  })
  work.reply_file, work.apology_file = call.jobs:file("reply-0.wav"), call.jobs:file("apology.wav")
  local answer, outcome = ask(call, work)
  if not answer then return nil, outcome end
  if type(answer.domain_uuid) == "string" then call.domain_uuid = answer.domain_uuid end
  -- Another name for a channel that was here before.
  if curl.is_uuid(answer.call_uuid) then call.call_uuid = answer.call_uuid end
  call.folder = type(answer.folder) == "string" and answer.folder or nil
  call.apology = is_object(answer.apology) and answer.apology or nil
  call.fallback = is_object(answer.fallback) and answer.fallback or nil
  call.listening = is_object(answer.listening) and answer.listening or {}
  call.limits = is_object(answer.limits) and answer.limits or {}
  call.record_call = answer.record_call == true
  return answer
end

-- input: what the caller did, as listening.lua gives it. The answer, or nil.
function exchanges.take_turn(call, input)
  call.turn = call.turn + 1
  local work = job(call, "turn", {
    call_uuid = call.call_uuid, turn = call.turn, digits = input.digits, no_input = input.no_input,
    previous = call.heard,
  })
  work.utterance = input.stretch
  if work.utterance then
    work.utterance.file = call.leg.file
    work.utterance.name = string.format("utterance-%04d.wav", call.turn)
  end
  work.reply_file = call.jobs:file(string.format("reply-%d.wav", call.turn))
  call.detector:idle()
  local answer = ask(call, work)
  call.heard = { played_ms = 0, barged_in = false }
  return answer
end

function exchanges.answered(call)
  local reported, unreported = call.jobs:start_unheard(job(call, "event", { type = "answered" }))
  if not reported then log.warning(unreported) end
end

function exchanges.remove_files(call)
  for _, path in ipairs(call.jobs.files) do os.remove(path) end
end

-- The files go when the report has been sent, or given up.
function exchanges.report_end(call)
  local work = job(call, "finish", {
    reason = call.ending.reason, hangup_cause = call.leg:hangup_cause(),
    duration_ms = call.duration_ms or call.leg:clock_ms(), previous = call.heard,
    turn = call.turn + (call.unheard and 1 or 0),
    recording_file = call.recording_file,
  })
  work.timeout_s = FINISH_TIMEOUT_S
  if call.unheard then
    work.utterance = { file = call.leg.file, name = "utterance-last.wav",
      start_ms = call.unheard.start_ms, end_ms = call.unheard.end_ms }
  end
  work.remove_files = call.jobs.files
  local handle, problem = call.jobs:start_unheard(work)
  if handle then return end
  log.err("the end of call " .. call.call_uuid .. " was not reported: " .. problem)
  exchanges.remove_files(call)
end

return exchanges
