Console.Error.WriteLine("fastlog: no command is built yet");
return 2;
