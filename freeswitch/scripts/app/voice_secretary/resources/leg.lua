-- The caller's leg: what was heard of the caller, what the caller heard, keys, and how to leave.
--
-- One recorder keeps the caller's side from answer to end, in real time, also without RTP: its length is the call's
-- clock. A reply plays in the background (uuid_displace), mixed into what session:sleep writes, one frame written for
-- one frame read; so what was heard of a reply is what was recorded since it began.

local log = require "app.voice_secretary.resources.log"
local recording = require "app.voice_secretary.resources.recording"
local settings = require "app.voice_secretary.resources.settings"

local leg = {}
leg.__index = leg

local SAMPLE_RATE_HZ = 8000
local RECORDER = table.concat({
  "RECORD_READ_ONLY=true", "RECORD_WRITE_ONLY=false", "RECORD_STEREO=false", "RECORD_STEREO_SWAP=false",
  "RECORD_APPEND=false", "RECORD_MIN_SEC=0", "RECORD_USE_THREAD=false", "RECORD_PRE_BUFFER_FRAMES=0",
  "enable_file_write_buffering=false", "record_sample_rate=" .. SAMPLE_RATE_HZ,
}, ",")
-- A channel that is gone sleeps no more; polling it goes on at this pace.
local POLL_MS = 20
-- A recording that has not grown for so long has broken off: the disk is full, or somebody stopped it.
local STALL_MS = 2000
-- More keys than an extension has are not an entry.
local MAX_KEYS = 64

-- session, freeswitch: FreeSWITCH's own. file: where the caller's side is recorded.
function leg.new(session, freeswitch, uuid, file)
  local self = setmetatable({
    session = session, freeswitch = freeswitch, api = freeswitch.API(), uuid = uuid, file = file,
    recorded_bytes = 0, waited_ms = 0, keys = "",
  }, leg)
  -- mod_lua calls back by the name of a global function.
  voice_secretary_on_input = function(_, kind, input) -- luacheck: ignore 111
    if kind == "dtmf" and #self.keys < MAX_KEYS and input.digit:find("^[%d*#]$") then
      self.keys = self.keys .. input.digit
      return "break"
    end
    return ""
  end
  return self
end

function leg:is_up()
  return self.session:ready()
end

-- Up, and its clock runs. Without one nothing would ever end.
function leg:is_live()
  return self:is_up() and self.waited_ms < STALL_MS
end

function leg:ring()
  self.session:execute("ring_ready")
end

-- True, or nil and why the caller's side cannot be heard.
function leg:answer()
  self.session:setVariable("send_silence_when_idle", "-1")
  self.session:answer()
  self.waited_ms = 0
  self.session:setInputCallback("voice_secretary_on_input", "")
  local said = self.api:execute("uuid_record", self.uuid .. " start " .. self.file .. " 0 {" .. RECORDER .. "}")
  if not said:find("^%+OK") then
    self.waited_ms = STALL_MS
    return nil, "uuid_record: " .. said
  end
  return true
end

-- For a call whose audio somebody else listens to. Without a recording there is no clock here: see is_live.
function leg:answer_unheard()
  self.session:answer()
  self.waited_ms = STALL_MS
end

-- Both sides into one stereo file, for the tenant that keeps its calls.
function leg:keep(folder, name)
  local file = folder .. "/" .. name
  local said = self.api:execute("uuid_record", self.uuid .. " start " .. file .. " 0 {RECORD_STEREO=true}")
  if not said:find("^%+OK") then
    log.err("the call is not recorded: " .. said)
    return
  end
  self.kept = file
  -- What FusionPBX's call detail record links to.
  self.session:setVariable("record_path", folder)
  self.session:setVariable("record_name", name)
end

-- Waits; audio and keys come in meanwhile. Ends early at a key.
function leg:wait(ms)
  self.waited_ms = self.waited_ms + ms
  if self:is_up() then self.session:sleep(ms) else self.freeswitch.msleep(POLL_MS) end
end

-- What the caller sent since the last time, as L16 samples.
function leg:hear()
  if not self.reader then
    self.reader = io.open(self.file, "rb")
    if not self.reader then return "" end
  end
  local samples = self.reader:read("*a") or ""
  if samples ~= "" then self.waited_ms = 0 end
  self.recorded_bytes = self.recorded_bytes + #samples
  return samples
end

-- Milliseconds since answer, by the caller's audio.
function leg:clock_ms()
  return math.floor(self.recorded_bytes / recording.BYTES_PER_MS)
end

function leg:take_keys()
  local keys = self.keys
  self.keys = ""
  return keys
end

-- Starts a reply ({file, duration_ms}); true, or nil and why not. "m" mixes, "f" puts it before other recorders, so
-- that a recording of the call has it.
function leg:play(audio)
  self:hear()
  if not settings.is_path(audio.file) then return nil, "the reply's file name is not allowed" end
  local said = self.api:execute("uuid_displace", self.uuid .. " start " .. audio.file .. " 0 mf")
  if not said:find("^%+OK") then return nil, "uuid_displace: " .. said end
  self.playing = { file = audio.file, duration_ms = audio.duration_ms, since_ms = self:clock_ms() }
  return true
end

-- How much of the reply the caller heard until now.
function leg:played_ms()
  if not self.playing then return 0 end
  return math.min(self.playing.duration_ms, self:clock_ms() - self.playing.since_ms)
end

function leg:is_playing()
  return self.playing ~= nil and self:clock_ms() - self.playing.since_ms < self.playing.duration_ms
end

-- Ends the reply now; how much of it was heard.
function leg:stop_playing()
  local heard_ms = self:played_ms()
  if self.playing and heard_ms < self.playing.duration_ms then
    self.api:execute("uuid_displace", self.uuid .. " stop " .. self.playing.file)
  end
  self.playing = nil
  return heard_ms
end

-- Plays a sentence ({file}) to its end without the clock; false when its name is not allowed.
function leg:play_through(audio)
  if not settings.is_path(audio.file) then return false end
  self.session:execute("playback", audio.file)
  return true
end

-- For callers to whom the service can say nothing: never silence.
function leg:play_tone()
  self.session:execute("playback", "tone_stream://L=3;%(330,15,950);%(330,15,1400);%(330,1000,1800)")
end

-- Whether the number may be dialled at all; the call leaves this script when it is.
function leg:transfer(number, context)
  if not settings.is_number(number) or not settings.is_context(context) then return false end
  self.session:setAutoHangup(false)
  self.session:transfer(number, "XML", context)
  return true
end

-- Takes everything of ours off the channel, before it goes elsewhere.
function leg:let_go()
  self.session:unsetInputCallback()
  self.api:execute("uuid_record", self.uuid .. " stop " .. self.file)
  if self.kept then self.api:execute("uuid_record", self.uuid .. " stop " .. self.kept) end
  self.session:setVariable("send_silence_when_idle", "")
end

-- Whether the far end ended it; what we send is not known before this script is over.
function leg:was_ended_by_caller()
  local how = self.session:getVariable("sip_hangup_disposition") or ""
  return how:find("^recv_") ~= nil
end

function leg:hang_up(cause)
  self.session:hangup(cause)
end

-- Whether it was ended, as opposed to taken elsewhere by a transfer from outside.
function leg:is_hung_up()
  return self.session:getState() == "CS_HANGUP"
end

-- session:hangupCause() says NONE as long as the script runs, and `hangup_cause` is set after it; the SIP channel
-- knows at once.
local CAUSES = {
  ["16"] = "NORMAL_CLEARING", ["17"] = "USER_BUSY", ["31"] = "NORMAL_UNSPECIFIED", ["41"] = "NORMAL_TEMPORARY_FAILURE",
  ["102"] = "RECOVERY_ON_TIMER_EXPIRE", ["127"] = "INTERWORKING",
}

-- Why the channel went down; empty while it is up, and when nobody said.
function leg:hangup_cause()
  if self:is_up() then return "" end
  if self.session:getVariable("sip_hangup_disposition") == "recv_cancel" then return "ORIGINATOR_CANCEL" end
  return CAUSES[self.session:getVariable("sip_term_cause") or ""] or ""
end

return leg
