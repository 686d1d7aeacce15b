from voice_ai_service.cli.main import main

main()
