-- The caller's side of the call on disk: raw little-endian L16 at 8 kHz that grows while the call goes on.
-- Positions are milliseconds since the recording began; 16 bytes are one millisecond.

local recording = {}

recording.BYTES_PER_MS = 16

-- The samples from start_ms to end_ms (nil: to what is there), or nil and why.
function recording.read(path, start_ms, end_ms)
  local file, problem = io.open(path, "rb")
  if not file then return nil, problem end
  file:seek("set", math.max(0, start_ms) * recording.BYTES_PER_MS)
  local bytes
  if end_ms then
    bytes = file:read(math.max(0, end_ms - math.max(0, start_ms)) * recording.BYTES_PER_MS)
  else
    bytes = file:read("*a")
  end
  file:close()
  return bytes or ""
end

local function little_endian(number, bytes)
  local parts = {}
  for index = 1, bytes do parts[index], number = string.char(number % 256), math.floor(number / 256) end
  return table.concat(parts)
end

-- A WAV file (RIFF, PCM) of mono L16 samples.
function recording.wav(samples, rate)
  return "RIFF" .. little_endian(36 + #samples, 4) .. "WAVEfmt " .. little_endian(16, 4) .. little_endian(1, 2)
    .. little_endian(1, 2) .. little_endian(rate, 4) .. little_endian(rate * 2, 4) .. little_endian(2, 2)
    .. little_endian(16, 2) .. "data" .. little_endian(#samples, 4) .. samples
end

-- True, or nil and why. Readers never see half a file: it is written beside and renamed.
function recording.write_whole(path, bytes)
  local part = path .. ".part"
  local file, problem = io.open(part, "wb")
  if not file then return nil, problem end
  local written, write_problem = file:write(bytes)
  local closed = file:close()
  if not written or not closed then
    os.remove(part)
    return nil, write_problem or "could not be closed"
  end
  return os.rename(part, path)
end

return recording
