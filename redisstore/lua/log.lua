-- What append.lua, amend.lua and rules.lua begin with; it is put before each of them, with outbox.lua after it.
--
-- KEYS   1 the log: messages and notices   2 the amendments   3 the room's rules
--        4 the idempotency key; absent when the post has none
-- ARGV   1 PUBLISH or SPUBLISH             2 the room's channel
--        3 the new entry's tag             4 its body
--        5 messages and notices to keep    6 amendments to keep
--        7 the log's time to live, ms      8 the idempotency key's, ms
--        9 '1' when replicas are waited for afterwards, else '0'
--       10 a hash of what is posted, '' when there is no key
--       11 the message that is amended or answered, else ''
--       12 the version of the rules by which this was decided, '' for a room nobody owns
--       13 what outbox.lua calls hooked
-- Reply {element, status}, and a 1 when hooks are to be told. The statuses are those of log.go.
local APPENDED, REPEATED, GONE, UNCHANGED, REUSED, NOT_FOUND, NOT_ALLOWED, DELETED = 0, 1, 2, 3, 4, 5, 6, 7
local RULES, SLOW, NOT_ALONE, NEW = 10, 11, 12, 13
local log, amendments, key, target = KEYS[1], KEYS[2], ARGV[10] ~= '' and KEYS[4], ARGV[11]
local call, hooked, rules_key = redis.call, ARGV[13], KEYS[3]

-- Whoever decided by other rules decides again: so nothing comes after a ban that it forbids, on whatever node.
local rules = call('HGET', KEYS[3], 'version') or ''
if rules ~= ARGV[12] then
  return {rules, RULES}
end
if rules ~= '' then -- they live as long as the history, and at least 30 days (chat.RulesLife)
  call('PEXPIRE', KEYS[3], string.format('%.0f', math.max(2592000000, tonumber(ARGV[7]))))
end

-- What most posts do not need: making a function costs about as much as a command, so these are made when they are needed.
local function tools()
  -- The number of an element; nothing for what is no element.
  local function number_of(element)
    return tonumber(string.match(element, '^(%d+)%-%x%x%x%x%x%x%x%x '))
  end

  -- An element's place in a list, from 0, and the element; nothing when it is not there. Numbers grow, with holes.
  local function find(list, id)
    local seq = tonumber(string.match(id, '^%d+'))
    local low, high = 0, call('LLEN', list) - 1
    while low <= high do
      local middle = math.floor((low + high) / 2)
      local element = call('LINDEX', list, middle)
      local at = number_of(element)
      if not at then
        return
      elseif at == seq then
        if string.sub(element, 1, #id + 1) == id .. ' ' then
          return middle, element
        end
        return
      elseif at < seq then
        low = middle + 1
      else
        high = middle - 1
      end
    end
  end

  -- An element in parts: what stands before its body, and the body.
  local function parts(element)
    local head, body = string.match(element, '^(%S+ %S+ %d+) (.*)$')
    return head, cjson.decode(body)
  end

  -- How a text begins: its first 100 characters (chat.MaxExcerpt) of UTF-8; nothing of an empty one.
  local function excerpt(text)
    local count = 0
    for i = 1, #text do
      local byte = string.byte(text, i)
      if byte < 128 or byte >= 192 then
        count = count + 1
        if count > 100 then
          return string.sub(text, 1, i - 1)
        end
      end
    end
    return text ~= '' and text or nil
  end

  -- The answer to a post whose key was used before, by what the key remembers.
  local function repeated(used)
    local id, at, hash = string.match(used, '^(%S+) (%d+) (%x+)$')
    if not id then
      return redis.error_reply('CORRUPT ' .. key)
    end
    if hash ~= ARGV[10] then
      return {'', REUSED}
    end
    if ARGV[9] == '1' then
      -- WAIT waits for what its own connection has written: write, so that it waits for the first entry too.
      call('SET', key, used, 'KEEPTTL')
    end
    if id == '0-0' then
      return {at, UNCHANGED}
    end
    local _, element = find(log, id)
    if not element then
      _, element = find(amendments, id)
    end
    if element then
      return {element, REPEATED}
    end
    return {id .. ' ' .. at, GONE}
  end

  return {number_of = number_of, find = find, parts = parts, excerpt = excerpt, repeated = repeated}
end

local used = key and call('GET', key)
if used then
  return tools().repeated(used)
end

-- What the next entry's element begins with, its id and its time. The numbers have no counter of their own: the next one
-- is the greater of the two lists' last ones plus one.
local seq, prev = 0, '00000000'
local last, amended = call('LINDEX', log, -1), call('LINDEX', amendments, -1)
if last then
  local s, t = string.match(last, '^(%d+)%-(%x%x%x%x%x%x%x%x) ')
  if not s then
    return redis.error_reply('CORRUPT ' .. log)
  end
  seq, prev = tonumber(s), t
end
if amended then
  local s, t = string.match(amended, '^(%d+)%-(%x%x%x%x%x%x%x%x) ')
  if not s then
    return redis.error_reply('CORRUPT ' .. amendments)
  end
  if tonumber(s) > seq then
    seq, prev = tonumber(s), t
  end
end
local time = call('TIME')
-- '%.0f', as Lua would write large numbers with an exponent.
local at = string.format('%.0f', tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000))
local id = string.format('%.0f', seq + 1) .. '-' .. ARGV[3]
local head = id .. ' ' .. prev .. ' ' .. at .. ' '
