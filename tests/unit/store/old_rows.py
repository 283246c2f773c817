"""Something for each table, as the version of each schema wrote it: none of the code that has moved on since."""

NEWEST_EVENT = 41

OLD_ROWS = {
    "0001": """
INSERT INTO meta (key, value) VALUES ('some', 'thing');
INSERT INTO streams (id, document) VALUES ('door',
    '{"id": "door", "name": "Door", "url": "rtsp://10.0.0.1/door", "transport": "auto", "enabled": true,
      "transcribe": true, "language": null, "keywords": [], "store": "all", "retain_days": 7,
      "recording": {"mode": "off", "retain_days": 3, "retain_bytes": null, "pre_s": 10, "post_s": 20}}');
INSERT INTO former_streams (id, retain_days) VALUES ('gone', 3.5);
INSERT INTO stream_errors (stream, code, message, at) VALUES ('door', 'stalled', 'It stalled.', 5);
INSERT INTO segments (id, stream, start, "end", text, confidence, words, source)
    VALUES ('s1', 'door', 1, 2, 'help me', 0.9, '[["help", 0, 1, 0.5]]', 'speech');
INSERT INTO segments (id, stream, start, "end", text, confidence, words, source)
    VALUES ('s2', 'door', 3, 4, 'ışıkları kapat', 0.9, '[]', 'speech');
INSERT INTO hits (id, segment, stream, rule_id, rule_name, phrase, text, start, "end", confidence, state) VALUES
    ('h1', 's1', 'door', 'sos', 'SOS', 'help', 'help me', 1, 2, 0.9, 'confirmed'),
    ('h2', NULL, 'door', 'sos', 'SOS', 'now', 'help now', 1, 2, 0.9, 'early');
INSERT INTO events (id, at, type, stream, segment, data) VALUES
    (40, 1, 'stream.changed', 'door', NULL, '{"id": "door"}'),
    (41, 2, 'transcript.final', 'door', 's1', NULL);
INSERT INTO tokens (id, digest, name, role, created_at) VALUES ('t1', 'd', 'Home', 'client', 1);
INSERT INTO pairing_codes (digest, expires_at, tries_left) VALUES ('c', 9, 3);
""",
    "0002": """
INSERT INTO recordings (id, stream, start, "end", bytes, kind, path)
    VALUES ('r1', 'door', 1, 2, 3, 'continuous', 'door/a.mp4');
INSERT INTO former_recordings (stream, retain_days) VALUES ('gone', 2);
""",
    "0003": """
INSERT INTO house_rules (position, document) VALUES (0,
    '{"id": "sos", "name": "SOS", "phrases": ["help"], "match": "phrase", "excluded": [], "min_confidence": 0.0,
      "cooldown_s": 0.0, "speakers": [], "early": false}');
""",
    "0004": f"""
INSERT INTO counters (name, given) VALUES ('events', {NEWEST_EVENT});
""",
}
