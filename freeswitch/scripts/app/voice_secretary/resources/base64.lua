-- Base64 (RFC 4648 section 4).

local base64 = {}

local ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local letter, value = {}, {}
for index = 1, 64 do
  letter[index - 1] = ALPHABET:sub(index, index)
  value[ALPHABET:byte(index)] = index - 1
end

-- Pieces of this many bytes keep the parts tables small for a half-minute utterance.
local PIECE = 3 * 1024

local function encode_piece(bytes)
  local parts = {}
  for position = 1, #bytes, 3 do
    local a, b, c = bytes:byte(position, position + 2)
    local bits = a * 65536 + (b or 0) * 256 + (c or 0)
    parts[#parts + 1] = letter[math.floor(bits / 262144)] .. letter[math.floor(bits / 4096) % 64]
      .. (b and letter[math.floor(bits / 64) % 64] or "=") .. (c and letter[bits % 64] or "=")
  end
  return table.concat(parts)
end

function base64.encode(bytes)
  local pieces = {}
  for position = 1, #bytes, PIECE do pieces[#pieces + 1] = encode_piece(bytes:sub(position, position + PIECE - 1)) end
  return table.concat(pieces)
end

-- The bytes, or nil and why not.
function base64.decode(text)
  if #text % 4 ~= 0 or not text:find("^[A-Za-z0-9+/]*=?=?$") then return nil, "not base64" end
  local parts = {}
  for position = 1, #text, 4 do
    local a, b, c, d = text:byte(position, position + 3)
    local bits = value[a] * 262144 + value[b] * 4096 + (value[c] or 0) * 64 + (value[d] or 0)
    local first, second, third = math.floor(bits / 65536), math.floor(bits / 256) % 256, bits % 256
    parts[#parts + 1] = value[d] and string.char(first, second, third)
      or value[c] and string.char(first, second) or string.char(first)
  end
  return table.concat(parts)
end

return base64
