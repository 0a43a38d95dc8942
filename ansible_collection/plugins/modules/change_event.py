DOCUMENTATION = "module: change_event"
