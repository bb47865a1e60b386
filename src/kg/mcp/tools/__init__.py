"""The tools: functions of an open vault and the arguments of a call, which know nothing of the protocol."""
