-- When does the caller speak, and when have they finished? Pure: audio in, verdict out, and the audio is the clock.
--
-- Energy over an adaptive noise floor. The floor is the quietest tenth of a second of the last two, so that steady
-- noise of any level becomes background, and comfort noise never counts as speech.

local endpointing = {}
endpointing.__index = endpointing

endpointing.FRAME_MS = 20
endpointing.PREROLL_MS = 300
-- What is shorter was a cough or a click, and is let go.
endpointing.MIN_VOICED_MS = 160

local FRAME_BYTES = 320
local LOWEST_FLOOR_DB, HIGHEST_FLOOR_DB = -60, -30
local FLOOR_BLOCK_FRAMES, FLOOR_BLOCKS = 5, 20
-- Frames of quiet inside one run of speech: between two words.
local RUN_GAP_FRAMES = 15
local TAIL_MS = 300

-- needed of the last window frames must be speech. The reply's echo comes back some 10 to 20 dB below speech: while
-- it plays, only what is louder and longer counts.
local LISTENING = { margin_db = 9, least_db = -46, needed = 5, window = 7 }
local GUARDING = { margin_db = 15, least_db = -36, needed = 10, window = 12 }
-- Speech that goes on may be softer than speech that starts.
local GOING_ON_DB = 3

local function level_db(frame)
  local bytes = { frame:byte(1, FRAME_BYTES) }
  local sum = 0
  for index = 1, FRAME_BYTES, 2 do
    local sample = bytes[index] + bytes[index + 1] * 256
    if sample >= 32768 then sample = sample - 65536 end
    sum = sum + sample * sample
  end
  return 10 * math.log((sum / (FRAME_BYTES / 2) + 1e-3) / (32768 * 32768), 10)
end

function endpointing.new()
  local self = setmetatable({
    mode = "idle", frame = 0, pending = "", recent = {}, speaking = false, voiced_frames = 0,
    run_start = 0, last_speech = -math.huge, boundary_ms = 0,
    floor_db = LOWEST_FLOOR_DB, floor_blocks = {}, block_sum = 0, block_frames = 0,
  }, endpointing)
  for index = 1, FLOOR_BLOCKS do self.floor_blocks[index] = LOWEST_FLOOR_DB end
  return self
end

-- How much audio was heard so far.
function endpointing:now_ms()
  return self.frame * endpointing.FRAME_MS
end

local function forget_recent(self)
  self.recent, self.recent_count = {}, 0
end

-- Follows the noise while nobody is listened to.
function endpointing:idle()
  self.mode = "idle"
  forget_recent(self)
end

-- Waits for a barge-in: the verdict `started`.
function endpointing:guard()
  self.mode = "guard"
  forget_recent(self)
end

-- Waits for an utterance: `started`, then `ended`; or `no_input`. An utterance that a barge-in began goes on.
-- options: end_silence_ms, max_utterance_ms, no_input_ms.
function endpointing:listen(options)
  self.mode, self.options, self.listening_since_ms = "listen", options, self:now_ms()
  forget_recent(self)
end

-- The caller's words were taken: the next utterance begins after them.
function endpointing:take()
  self.speaking, self.last_speech = false, -math.huge
  self.boundary_ms = math.max(self.boundary_ms, self.utterance_end_ms or 0)
  self.utterance_end_ms = nil
end

local function follow_floor(self, db)
  self.block_sum, self.block_frames = self.block_sum + 10 ^ (db / 10), self.block_frames + 1
  if self.block_frames < FLOOR_BLOCK_FRAMES then return end
  local block_db = 10 * math.log(self.block_sum / self.block_frames, 10)
  table.remove(self.floor_blocks, 1)
  self.floor_blocks[FLOOR_BLOCKS] = block_db
  self.floor_db = math.min(HIGHEST_FLOOR_DB, math.max(LOWEST_FLOOR_DB, math.min(table.unpack(self.floor_blocks))))
  self.block_sum, self.block_frames = 0, 0
end

local function is_speech(self, db)
  local rule = self.mode == "guard" and GUARDING or LISTENING
  local relief = self.speaking and GOING_ON_DB or 0
  return db > math.max(self.floor_db + rule.margin_db, rule.least_db) - relief, rule
end

-- How many of the last `window` frames were speech.
local function remember(self, speech, window)
  table.insert(self.recent, speech)
  if speech then self.recent_count = self.recent_count + 1 end
  if #self.recent > window and table.remove(self.recent, 1) then self.recent_count = self.recent_count - 1 end
  return self.recent_count
end

local function follow_run(self, speech)
  if not speech then return end
  if self.frame - self.last_speech > RUN_GAP_FRAMES then self.run_start = self.frame - 1 end
  self.last_speech = self.frame
end

local function start(self)
  self.speaking, self.voiced_frames = true, self.recent_count
  self.last_voiced = self.frame
  local from_ms = self.run_start * endpointing.FRAME_MS - endpointing.PREROLL_MS
  self.utterance_start_ms = math.max(self.boundary_ms, from_ms)
end

-- One frame more of an utterance that goes on.
local function follow_utterance(self, speech, count)
  local now_ms = self:now_ms()
  if speech then self.voiced_frames = self.voiced_frames + 1 end
  -- Three frames of seven, so that a click in the caller's pause is not the caller going on.
  if speech and count >= 3 then self.last_voiced = self.frame end
  if not self.options then return nil end
  if now_ms - self.utterance_start_ms >= self.options.max_utterance_ms then
    self.utterance_end_ms = now_ms
    return "ended"
  end
  if (self.frame - self.last_voiced) * endpointing.FRAME_MS < self.options.end_silence_ms then return nil end
  if self.voiced_frames * endpointing.FRAME_MS < endpointing.MIN_VOICED_MS then
    self.speaking = false
    return nil
  end
  self.utterance_end_ms = math.min(now_ms, self.last_voiced * endpointing.FRAME_MS + TAIL_MS)
  return "ended"
end

local function step(self, frame)
  self.frame = self.frame + 1
  local db = level_db(frame)
  local speech, rule = is_speech(self, db)
  follow_floor(self, db)
  follow_run(self, speech)
  local count = remember(self, speech, rule.window)
  if self.mode == "idle" then return nil end
  if self.speaking then
    if self.mode == "listen" then return follow_utterance(self, speech, count) end
    return nil
  end
  if count >= rule.needed then
    start(self)
    return "started"
  end
  if self.mode == "listen" and self:now_ms() - self.listening_since_ms >= self.options.no_input_ms and count == 0 then
    return "no_input"
  end
  return nil
end

-- The next verdict in these samples (mono L16 at 8 kHz), or nil when they hold none. What comes after a verdict is
-- kept for the next call, which may be with "".
function endpointing:feed(samples)
  self.pending = self.pending .. samples
  local position, verdict = 1, nil
  while not verdict and position + FRAME_BYTES - 1 <= #self.pending do
    verdict = step(self, self.pending:sub(position, position + FRAME_BYTES - 1))
    position = position + FRAME_BYTES
  end
  self.pending = self.pending:sub(position)
  return verdict
end

-- How long no verdict can come, at the least: the call's thread may sleep so long.
function endpointing:quiet_ms()
  if self.mode ~= "listen" or not self.speaking then return 0 end
  return math.max(0, self.options.end_silence_ms - (self.frame - self.last_voiced) * endpointing.FRAME_MS)
end

return endpointing
