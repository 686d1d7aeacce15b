-- One exchange with the service, as docs/turn-protocol.md says. Runs in a thread of its own (exchange.lua), so it
-- may take its time: the call's thread goes on reading the caller's audio.

local base64 = require "app.voice_secretary.resources.base64"
local curl = require "app.voice_secretary.resources.curl"
local g711 = require "app.voice_secretary.resources.g711"
local json = require "app.voice_secretary.resources.json"
local recording = require "app.voice_secretary.resources.recording"

local service = {}

local RATE_HZ = 8000
-- base64 of this many bytes stays under mod_curl's 64,000.
local PIECE_BYTES = 40000
-- A reply longer than 17 minutes of PCMU is a fault, not a reply.
local MAX_AUDIO_BYTES = 8 * 1024 * 1024

local function percent(byte)
  return string.format("%%%02X", byte:byte())
end

local function url_of(job, path)
  return job.url:gsub("/+$", "") .. "/api/v1" .. path
end

local function path_segment(text)
  return (text:gsub("[^%w._~-]", percent))
end

-- What the network or a restarting service did, as opposed to what the service thinks of the request.
local function is_passing(status)
  return status == curl.NOT_CONNECTED or status == curl.NO_ANSWER or status == 502 or status == 503 or status == 504
end

-- Sends until it is answered or refused. What passes is tried again for job.retry_s, in pauses that double: every
-- request of the protocol may be repeated.
local function send(io_, job, path, body)
  local pause_ms, paused_ms = 200, 0
  local began = io_.time()
  while true do
    local left_s = job.timeout_s - (io_.time() - began)
    local answer, status, problem, details = curl.request(io_.api, {
      url = url_of(job, path), token = io_.token, domain_uuid = job.domain_uuid, body = body and json.encode(body),
      connect_timeout_s = math.min(job.connect_timeout_s, math.max(1, left_s)), timeout_s = math.max(1, left_s),
    })
    if answer then return answer end
    local over = io_.time() - began >= job.timeout_s or paused_ms + pause_ms > job.retry_s * 1000
    if not is_passing(status) or over then return nil, problem, status, details end
    io_.sleep_ms(pause_ms)
    pause_ms, paused_ms = math.min(pause_ms * 2, 4000), paused_ms + pause_ms
  end
end

local function fetch(io_, job, audio)
  local total = tonumber(audio.bytes) or 0
  if total < 1 or total > MAX_AUDIO_BYTES then return nil, "the audio's size is impossible" end
  local parts, offset = {}, 0
  while offset < total do
    local piece, problem = send(io_, job, string.format("/calls/%s/audio/%s?offset=%d&length=%d",
      path_segment(job.call_uuid), path_segment(audio.ref), offset, PIECE_BYTES))
    if not piece then return nil, problem end
    local bytes, bad = base64.decode(tostring(piece.content))
    if not bytes then return nil, bad end
    if #bytes == 0 then return nil, "the audio ended early" end
    parts[#parts + 1], offset = bytes, offset + #bytes
  end
  return table.concat(parts)
end

-- Puts an answer's audio where FreeSWITCH can play it: {file, duration_ms}, or nil when there is none, or nil and why.
local function place(io_, job, audio, path)
  if type(audio) ~= "table" then return nil end
  local duration_ms = tonumber(audio.duration_ms) or 0
  if type(audio.file) == "string" then
    if not job.folder or not audio.file:find("^[%w_-]+%.%w+$") then return nil, "the audio's file name is not allowed" end
    return { file = job.folder .. "/" .. audio.file, duration_ms = duration_ms }
  end
  local bytes, problem
  if type(audio.content) == "string" then
    bytes, problem = base64.decode(audio.content)
  elseif type(audio.ref) == "string" then
    bytes, problem = fetch(io_, job, audio)
  else
    return nil
  end
  if not bytes then return nil, problem end
  local written, write_problem = recording.write_whole(path, bytes)
  if not written then return nil, write_problem end
  return { file = path, duration_ms = duration_ms }
end

-- The audio field of a request, from a stretch of the caller's recording.
local function utterance(job)
  local stretch = job.utterance
  if not stretch then return json.null end
  local samples, problem = recording.read(stretch.file, stretch.start_ms, stretch.end_ms)
  if not samples then return nil, problem end
  if #samples < 2 then return json.null end
  if job.folder then
    local written, write_problem = recording.write_whole(job.folder .. "/" .. stretch.name, recording.wav(samples, RATE_HZ))
    if not written then return nil, write_problem end
    return { file = stretch.name }
  end
  return { content = base64.encode(g711.ulaw(samples)), encoding = "PCMU", sample_rate_hz = RATE_HZ }
end

local paths = {
  set_up = function() return "/calls" end,
  turn = function() return "/turn" end,
  event = function(job) return "/calls/" .. path_segment(job.call_uuid) .. "/events" end,
  finish = function(job) return "/calls/" .. path_segment(job.call_uuid) .. "/end" end,
}

local ACTIONS = { continue = true, record_message = true, transfer = true, hangup = true }
local DECISIONS = { answer = true, closed = true, busy = true }

-- What the call's thread relies on; anything else is as good as no answer.
local function is_complete(job, answer)
  if job.kind == "set_up" and not DECISIONS[answer.decision] then return false end
  if job.kind ~= "set_up" and job.kind ~= "turn" then return true end
  return type(answer.action) == "table" and ACTIONS[answer.action.type] == true
end

local function place_all(io_, job, answer)
  local problem
  if job.reply_file then
    answer.audio, problem = place(io_, job, answer.audio, job.reply_file)
    if problem then return nil, problem end
  end
  -- A call can be answered without an apology in hand; the leg then has a tone.
  if job.apology_file then answer.apology = place(io_, job, answer.apology, job.apology_file) end
  return answer
end

-- io_: api (freeswitch.API or alike), token, sleep_ms(ms), time() in seconds.
-- The answer with its audio on disk; or nil, what went wrong, the HTTP status and the error's body.
function service.exchange(io_, job)
  local body = job.request
  if job.kind == "turn" or job.kind == "finish" then
    local audio, problem = utterance(job)
    if audio == nil then return nil, problem, 400 end
    body.audio = audio
  end
  local answer, problem, status, details = send(io_, job, paths[job.kind](job), body)
  if not answer then
    -- Who is refused is told so by the service's voice.
    local refused = job.kind == "set_up" and type(details) == "table" and type(details.audio) == "table"
    if refused then details.audio = place(io_, job, details.audio, job.reply_file) end
    return nil, problem, status, details
  end
  if not is_complete(job, answer) then return nil, "the answer is not what the protocol says", 400 end
  if job.kind == "set_up" then
    if type(answer.folder) == "string" then job.folder = answer.folder end
    -- A channel that was here before has another name now.
    if curl.is_uuid(answer.call_uuid) then job.call_uuid = answer.call_uuid end
    -- A PBX's token names the domain in every request, also in those that fetch audio.
    job.domain_uuid = job.domain_uuid or answer.domain_uuid
  end
  local placed, place_problem = place_all(io_, job, answer)
  if not placed then return nil, place_problem, 400 end
  return placed
end

return service
