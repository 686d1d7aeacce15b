-- One call: set up while it rings, greet, then listen, ask the service and play, until someone ends it.

local curl = require "app.voice_secretary.resources.curl"
local endpointing = require "app.voice_secretary.resources.endpointing"
local jobs = require "app.voice_secretary.resources.jobs"
local leg = require "app.voice_secretary.resources.leg"
local listening = require "app.voice_secretary.resources.listening"
local log = require "app.voice_secretary.resources.log"
local settings = require "app.voice_secretary.resources.settings"

local call = {}
call.__index = call

local CONNECT_TIMEOUT_S = 2
-- How long a service that is not there is tried again: ringing callers go elsewhere soon; in a call it may restart;
-- the end of a call can wait.
local RETRY_S = { set_up = 1.5, turn = 5, event = 5, finish = 60 }
-- What a thread of mod_lua may take to start and to place the audio, on top of the service's time.
local EXCHANGE_MARGIN_MS = 3000
local FINISH_TIMEOUT_S = 90
-- The service ends a call at its limits; this is for one that does not.
local LIMIT_GRACE_S = 60
local THINKING_TICK_MS, PLAYING_TICK_MS, FINAL_TICK_MS = 20, 40, 100

local function is_object(value)
  return type(value) == "table" and next(value) ~= nil
end

local function number_of(value, default)
  return type(value) == "number" and value or default
end

function call.new(session, freeswitch, configured)
  -- With the time: a channel may come again while the report of its last visit still reads and removes its files.
  local prefix = string.format("%s/voice-secretary-%s-%d-", configured.work_dir, configured.call_uuid, os.time())
  local work = jobs.new(freeswitch.API(), prefix, configured.scripts)
  return setmetatable({
    settings = configured, call_uuid = configured.call_uuid, domain_uuid = configured.domain_uuid,
    jobs = work, session = session,
    leg = leg.new(session, freeswitch, configured.call_uuid, work:file("caller.r8")),
    detector = endpointing.new(), turn = 0, heard = { played_ms = 0, barged_in = false },
  }, call)
end

local function job(self, kind, request)
  request.domain_uuid = self.domain_uuid
  return {
    kind = kind, call_uuid = self.call_uuid, domain_uuid = self.domain_uuid, request = request,
    url = self.settings.url, folder = self.folder, retry_s = RETRY_S[kind],
    connect_timeout_s = CONNECT_TIMEOUT_S, timeout_s = self.settings.timeout_s,
  }
end

-- Hands a job over and waits for its outcome; the caller is heard meanwhile. The answer, or nil and the outcome.
local function ask(self, work)
  local handle, problem = self.jobs:start(work)
  if not handle then
    log.err(problem)
    return nil, { problem = problem, status = curl.NOT_CONNECTED }
  end
  local waited_ms, limit_ms = 0, work.timeout_s * 1000 + EXCHANGE_MARGIN_MS
  while waited_ms < limit_ms do
    local outcome = jobs.poll(handle)
    if outcome then return outcome.answer, outcome end
    self.leg:wait(THINKING_TICK_MS)
    waited_ms = waited_ms + THINKING_TICK_MS
    if self.answered then self.detector:feed(self.leg:hear()) end
  end
  log.err(work.kind .. " never came back for call " .. self.call_uuid)
  return nil, { problem = "no outcome", status = curl.NO_ANSWER }
end

local function set_up(self)
  local work = job(self, "set_up", {
    call_uuid = self.call_uuid, domain_name = self.settings.domain_name,
    called_number = self.settings.called_number or "", caller_number = self.settings.caller_number or "",
    audio_transport = self.settings.transport,
  })
  work.reply_file, work.apology_file = self.jobs:file("reply-0.wav"), self.jobs:file("apology.wav")
  local answer, outcome = ask(self, work)
  if not answer then return nil, outcome end
  if type(answer.domain_uuid) == "string" then self.domain_uuid = answer.domain_uuid end
  -- Another name for a channel that was here before.
  if curl.is_uuid(answer.call_uuid) then self.call_uuid = answer.call_uuid end
  self.folder = type(answer.folder) == "string" and answer.folder or nil
  self.apology = is_object(answer.apology) and answer.apology or nil
  self.fallback = is_object(answer.fallback) and answer.fallback or nil
  self.listening = is_object(answer.listening) and answer.listening or {}
  self.limits = is_object(answer.limits) and answer.limits or {}
  self.record_call = answer.record_call == true
  return answer
end

-- Plays a reply. `final` ones are heard out: a farewell is not cut. Sets self.heard.
local function say(self, audio, final)
  self.heard = { played_ms = 0, barged_in = false }
  if not is_object(audio) or not self.leg:is_up() then return end
  self.detector:guard()
  local started, problem = self.leg:play(audio)
  if not started then
    log.err(problem)
    return
  end
  local barged_in = false
  while self.leg:is_live() and self.leg:is_playing() and not barged_in do
    self.leg:wait(final and FINAL_TICK_MS or PLAYING_TICK_MS)
    local verdict = self.detector:feed(self.leg:hear())
    barged_in = not final and (verdict == "started" or self.leg.keys ~= "")
  end
  self.heard = { played_ms = self.leg:stop_playing(), barged_in = barged_in }
end

local function transfer(self, action)
  local destination = is_object(action.destination) and action.destination or {}
  self.ending = { reason = "transferred", to = destination.number }
  if not settings.is_number(destination.number) then
    log.err("the service named a destination that cannot be dialled, call " .. self.call_uuid)
    self.ending = { reason = "error" }
  end
end

-- What the service decided, after its words were heard. True when the call goes on.
local function act(self, action)
  if action.type == "transfer" then
    transfer(self, action)
  elseif action.type == "hangup" then
    self.ending = { reason = "secretary_hangup" }
  else
    return true
  end
  return false
end

local function is_final(action)
  return action.type == "transfer" or action.type == "hangup"
end

-- The service or our ears are gone, or the call goes on beyond every limit: the service's stored words and fallback.
local function fall_back(self)
  local heard = self.heard
  local said = self.apology and self.leg:is_live()
  if said then say(self, self.apology, true) else said = self.apology and self.leg:play_through(self.apology) end
  if not said then self.leg:play_tone() end
  self.heard = heard
  if not self.leg:is_up() then return end
  self.ending = { reason = "fallback" }
  local destination = self.fallback and self.fallback.type == "transfer" and self.fallback.destination
  if is_object(destination) and settings.is_number(destination.number) then
    self.ending.to = destination.number
  elseif settings.is_number(self.settings.fallback) then
    self.ending.to = self.settings.fallback
  end
end

local function beyond_limits(self)
  local turns = number_of(self.limits.max_turns, 20)
  local seconds = number_of(self.limits.max_duration_s, 600)
  return self.turn > turns + 1 or self.leg:clock_ms() > (seconds + LIMIT_GRACE_S) * 1000
end

local function take_turn(self, input)
  self.turn = self.turn + 1
  local work = job(self, "turn", {
    call_uuid = self.call_uuid, turn = self.turn, digits = input.digits, no_input = input.no_input,
    previous = self.heard,
  })
  work.utterance = input.stretch
  if work.utterance then
    work.utterance.file = self.leg.file
    work.utterance.name = string.format("utterance-%04d.wav", self.turn)
  end
  work.reply_file = self.jobs:file(string.format("reply-%d.wav", self.turn))
  self.detector:idle()
  local answer = ask(self, work)
  self.heard = { played_ms = 0, barged_in = false }
  return answer
end

-- Words that no voice would say. The caller must not hear silence in their place.
local function is_mute(answer)
  return not is_object(answer.audio) and answer.said ~= nil and answer.said ~= "" and not is_final(answer.action)
end

local function converse(self, answer)
  while self.leg:is_live() do
    if is_mute(answer) then return fall_back(self) end
    local action = answer.action
    say(self, answer.audio, is_final(action))
    if not self.leg:is_live() or not act(self, action) then return end
    local input = listening.listen(self.leg, self.detector, self.listening, action, self.limits)
    if input.hung_up then
      self.unheard = input.stretch
      return
    end
    answer = take_turn(self, input)
    if self.leg:is_live() and (not answer or beyond_limits(self) and not is_final(answer.action)) then
      return fall_back(self)
    end
  end
end

local function remove_files(self)
  for _, path in ipairs(self.jobs.files) do os.remove(path) end
end

-- The files go when the report has been sent, or given up.
local function report_end(self)
  local work = job(self, "finish", {
    reason = self.ending.reason, hangup_cause = self.leg:hangup_cause(),
    duration_ms = self.leg:clock_ms(), previous = self.heard, turn = self.turn + (self.unheard and 1 or 0),
    recording_file = self.recording_file,
  })
  work.timeout_s = FINISH_TIMEOUT_S
  if self.unheard then
    work.utterance = { file = self.leg.file, name = "utterance-last.wav",
      start_ms = self.unheard.start_ms, end_ms = self.unheard.end_ms }
  end
  work.remove_files = self.jobs.files
  local handle, problem = self.jobs:start_unheard(work)
  if handle then return end
  log.err("the end of call " .. self.call_uuid .. " was not reported: " .. problem)
  remove_files(self)
end

-- Nobody of ours takes the call: the number the dialplan named, else what the service has to say, else a tone.
local function unavailable(self, refusal)
  if not self.leg:is_up() then return end
  if self.settings.fallback and self.leg:transfer(self.settings.fallback, self.settings.context) then return end
  self.session:execute("pre_answer")
  local said = is_object(refusal) and is_object(refusal.audio) and self.leg:play_through(refusal.audio)
  if not said then self.leg:play_tone() end
  self.leg:hang_up(said and "NO_ROUTE_DESTINATION" or "NORMAL_TEMPORARY_FAILURE")
end

local function leave(self)
  local to = self.ending.to
  self.session:setVariable("voice_secretary_outcome", self.ending.reason)
  if not self.leg:is_up() then return end
  self.leg:let_go()
  if to and self.leg:transfer(to, self.settings.context) then return end
  self.leg:hang_up(self.ending.cause or "NORMAL_CLEARING")
end

-- Where a kept call is: in the call's shared folder, or where FusionPBX looks for recordings.
local function keep_recording(self)
  local name = self.folder and "call.wav" or self.call_uuid .. ".wav"
  local folder = self.folder or self.settings.recordings_dir
  if not folder then
    log.err("the call is not recorded: no plain path for recordings")
    return
  end
  self.recording_file = name
  self.leg:keep(folder, name)
end

local function answer_leg(self)
  local answered, problem = self.leg:answer()
  if not answered then
    log.err(problem)
    return false
  end
  self.answered = true
  if self.record_call then keep_recording(self) end
  local reported, unreported = self.jobs:start_unheard(job(self, "event", { type = "answered" }))
  if not reported then log.warning(unreported) end
  return true
end

-- A call that is not answered after all: somewhere else, or a cause that the caller's telephone shows.
local function turn_away(self, answer)
  act(self, answer.action)
  self.ending = self.ending or { reason = "secretary_hangup" }
  self.ending.cause = answer.decision == "busy" and "USER_BUSY" or "CALL_REJECTED"
end

local function take_call(self, answer)
  if answer.decision ~= "answer" and not is_object(answer.audio) then return turn_away(self, answer) end
  if answer_leg(self) then converse(self, answer) end
  if self.ending or not self.leg:is_up() then return end
  log.err("the caller cannot be heard any more, call " .. self.call_uuid)
  fall_back(self)
end

-- Why it is over when the secretary did not end it: the caller did, or an agent took the call away.
local function ending_from_outside(self)
  return { reason = self.leg:is_hung_up() and "caller_hangup" or "transferred" }
end

function call:run()
  self.leg:ring()
  local answer, outcome = set_up(self)
  if not answer then
    log.err("call " .. self.call_uuid .. " could not be set up, status " .. tostring(outcome.status))
    self.ending = { reason = "error" }
    -- An answer that got lost on its way left a call behind at the service.
    if outcome.status == curl.NO_ANSWER then report_end(self) end
    unavailable(self, outcome.details)
    if outcome.status ~= curl.NO_ANSWER then remove_files(self) end
    return
  end
  if self.leg:is_up() then take_call(self, answer) end
  self.ending = self.ending or ending_from_outside(self)
  report_end(self)
  leave(self)
end

-- session, freeswitch: FreeSWITCH's own. scripts: the folder above app/.
function call.run_on(session, freeswitch, scripts)
  local configured, problem = settings.read(session, freeswitch, scripts)
  if configured then return call.new(session, freeswitch, configured):run() end
  log.err(problem)
  unavailable({
    leg = leg.new(session, freeswitch), session = session,
    settings = settings.fallback(session, freeswitch),
  })
end

return call
