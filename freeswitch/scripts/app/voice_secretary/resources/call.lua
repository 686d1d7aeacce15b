-- One call: set up while it rings, greet, then listen, ask the service and play, until someone ends it.

local curl = require "app.voice_secretary.resources.curl"
local endpointing = require "app.voice_secretary.resources.endpointing"
local exchanges = require "app.voice_secretary.resources.exchanges"
local jobs = require "app.voice_secretary.resources.jobs"
local leg = require "app.voice_secretary.resources.leg"
local listening = require "app.voice_secretary.resources.listening"
local log = require "app.voice_secretary.resources.log"
local realtime = require "app.voice_secretary.resources.realtime"
local settings = require "app.voice_secretary.resources.settings"

local call = {}
call.__index = call

-- The service ends a call at its limits; this is for one that does not.
local LIMIT_GRACE_S = 60
local PLAYING_TICK_MS, FINAL_TICK_MS = 40, 100

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
    leg = leg.new(session, freeswitch, configured.channel_uuid, work:file("caller.r8")),
    detector = endpointing.new(), turn = 0, heard = { played_ms = 0, barged_in = false },
  }, call)
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
    answer = exchanges.take_turn(self, input)
    if self.leg:is_live() and (not answer or beyond_limits(self) and not is_final(answer.action)) then
      return fall_back(self)
    end
  end
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
  exchanges.answered(self)
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
  if realtime.is_offered(answer) then
    if not realtime.run(self, answer.stream) then fall_back(self) end
    return
  end
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
  self.stream_offer = realtime.offer(self)
  local answer, outcome = exchanges.set_up(self)
  if not answer then
    log.err("call " .. self.call_uuid .. " could not be set up, status " .. tostring(outcome.status))
    self.ending = { reason = "error" }
    -- An answer that got lost on its way left a call behind at the service.
    if outcome.status == curl.NO_ANSWER then exchanges.report_end(self) end
    unavailable(self, outcome.details)
    if outcome.status ~= curl.NO_ANSWER then exchanges.remove_files(self) end
    return
  end
  if self.leg:is_up() then take_call(self, answer) end
  self.ending = self.ending or ending_from_outside(self)
  exchanges.report_end(self)
  leave(self)
end

-- changes: settings that this visit has otherwise.
local function begin(session, freeswitch, scripts, changes)
  local configured, problem = settings.read(session, freeswitch, scripts)
  if configured then
    for name, value in pairs(changes) do configured[name] = value end
    return call.new(session, freeswitch, configured)
  end
  log.err(problem)
  unavailable({
    leg = leg.new(session, freeswitch), session = session,
    settings = settings.fallback(session, freeswitch),
  })
  return nil
end

-- session, freeswitch: FreeSWITCH's own. scripts: the folder above app/.
function call.run_on(session, freeswitch, scripts)
  local one = begin(session, freeswitch, scripts, {})
  if one then one:run() end
end

-- The same channel after its bridge was lost: the apology, then somebody's telephone, else turn mode.
function call.rescue_on(session, freeswitch, scripts)
  -- For the service it is another call: the report of the first one's end may come later than this one's begin.
  local another = { call_uuid = freeswitch.API():execute("create_uuid"), mode = "turn" }
  local one = begin(session, freeswitch, scripts, another)
  if one and not realtime.rescue(one) then one:run() end
end

return call
