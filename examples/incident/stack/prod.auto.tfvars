banner        = "Welcome"
web_instances = 6
