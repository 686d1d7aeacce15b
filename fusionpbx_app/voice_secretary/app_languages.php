<?php

$text['title-voice_secretary']['en-us'] = "Voice Secretary";
$text['title-voice_secretary']['pt-br'] = "Secretária virtual";

$text['title-voice_secretaries']['en-us'] = "Secretaries";
$text['title-voice_secretaries']['pt-br'] = "Secretárias";

$text['title-voice_conversations']['en-us'] = "Conversations";
$text['title-voice_conversations']['pt-br'] = "Conversas";

$text['title-voice_conversation']['en-us'] = "Conversation";
$text['title-voice_conversation']['pt-br'] = "Conversa";

$text['title-voice_live_calls']['en-us'] = "Live calls";
$text['title-voice_live_calls']['pt-br'] = "Ao vivo";

$text['title-voice_documents']['en-us'] = "Documents";
$text['title-voice_documents']['pt-br'] = "Documentos";

$text['title-voice_document']['en-us'] = "Document";
$text['title-voice_document']['pt-br'] = "Documento";

$text['title-voice_transfer_destinations']['en-us'] = "Transfer destinations";
$text['title-voice_transfer_destinations']['pt-br'] = "Destinos de transferência";

$text['title-voice_transfer_destination']['en-us'] = "Transfer destination";
$text['title-voice_transfer_destination']['pt-br'] = "Destino de transferência";

$text['title-voice_transfer_rules']['en-us'] = "Transfer rules";
$text['title-voice_transfer_rules']['pt-br'] = "Regras de transferência";

$text['title-voice_transfer_rule']['en-us'] = "Transfer rule";
$text['title-voice_transfer_rule']['pt-br'] = "Regra de transferência";

$text['title-voice_providers']['en-us'] = "Providers";
$text['title-voice_providers']['pt-br'] = "Provedores";

$text['title-voice_provider']['en-us'] = "Provider";
$text['title-voice_provider']['pt-br'] = "Provedor";

$text['title-voice_webhooks']['en-us'] = "Integrations";
$text['title-voice_webhooks']['pt-br'] = "Integrações";

$text['title-voice_webhook']['en-us'] = "Webhook";
$text['title-voice_webhook']['pt-br'] = "Webhook";

$text['title-voice_deliveries']['en-us'] = "Deliveries";
$text['title-voice_deliveries']['pt-br'] = "Entregas";

$text['title-voice_reports']['en-us'] = "Reports";
$text['title-voice_reports']['pt-br'] = "Relatórios";

$text['title-voice_try']['en-us'] = "Try it";
$text['title-voice_try']['pt-br'] = "Experimentar";

$text['title-voice_settings']['en-us'] = "Settings";
$text['title-voice_settings']['pt-br'] = "Configurações";

$text['title-voice_secretary_versions']['en-us'] = "Versions";
$text['title-voice_secretary_versions']['pt-br'] = "Versões";

$text['label-voice_secretary']['en-us'] = "Voice Secretary";
$text['label-voice_secretary']['pt-br'] = "Secretária virtual";

$text['label-copy_suffix']['en-us'] = "(copy)";
$text['label-copy_suffix']['pt-br'] = "(cópia)";

$text['label-secretary_name']['en-us'] = "Name";
$text['label-secretary_name']['pt-br'] = "Nome";

$text['label-secretary']['en-us'] = "Secretary";
$text['label-secretary']['pt-br'] = "Secretária";

$text['label-extension']['en-us'] = "Extension";
$text['label-extension']['pt-br'] = "Ramal";

$text['label-language']['en-us'] = "Language";
$text['label-language']['pt-br'] = "Idioma";

$text['label-secretary_mode']['en-us'] = "Mode";
$text['label-secretary_mode']['pt-br'] = "Modo";

$text['label-mode_turn']['en-us'] = "Turns";
$text['label-mode_turn']['pt-br'] = "Por turnos";

$text['label-mode_realtime']['en-us'] = "Realtime";
$text['label-mode_realtime']['pt-br'] = "Tempo real";

$text['label-mode_auto']['en-us'] = "Automatic";
$text['label-mode_auto']['pt-br'] = "Automático";

$text['label-published_version']['en-us'] = "Published version";
$text['label-published_version']['pt-br'] = "Versão publicada";

$text['label-published']['en-us'] = "published";
$text['label-published']['pt-br'] = "publicada";

$text['label-draft']['en-us'] = "Draft";
$text['label-draft']['pt-br'] = "Rascunho";

$text['label-never_published']['en-us'] = "Never published: it does not answer calls yet.";
$text['label-never_published']['pt-br'] = "Nunca publicada: ainda não atende chamadas.";

$text['label-greeting']['en-us'] = "Greeting";
$text['label-greeting']['pt-br'] = "Saudação";

$text['label-persona']['en-us'] = "Persona and instructions";
$text['label-persona']['pt-br'] = "Persona e instruções";

$text['label-version_note']['en-us'] = "Note of this version";
$text['label-version_note']['pt-br'] = "Nota desta versão";

$text['label-section_knowledge']['en-us'] = "What it knows";
$text['label-section_knowledge']['pt-br'] = "O que ela sabe";

$text['label-section_hours']['en-us'] = "Business hours";
$text['label-section_hours']['pt-br'] = "Horário de atendimento";

$text['label-section_texts']['en-us'] = "Other languages and texts";
$text['label-section_texts']['pt-br'] = "Outros idiomas e textos";

$text['label-section_providers']['en-us'] = "Providers and voice";
$text['label-section_providers']['pt-br'] = "Provedores e voz";

$text['label-section_handover']['en-us'] = "Hand-over to people";
$text['label-section_handover']['pt-br'] = "Encaminhamento a pessoas";

$text['label-section_consent']['en-us'] = "Recording and consent";
$text['label-section_consent']['pt-br'] = "Gravação e consentimento";

$text['label-section_limits']['en-us'] = "Limits";
$text['label-section_limits']['pt-br'] = "Limites";

$text['label-section_turn_taking']['en-us'] = "Turn-taking (realtime)";
$text['label-section_turn_taking']['pt-br'] = "Alternância de fala (tempo real)";

$text['label-business_name']['en-us'] = "Name of the business";
$text['label-business_name']['pt-br'] = "Nome da empresa";

$text['label-facts']['en-us'] = "Facts";
$text['label-facts']['pt-br'] = "Fatos";

$text['label-fact_topic']['en-us'] = "Topic, such as price";
$text['label-fact_topic']['pt-br'] = "Assunto, como preço";

$text['label-fact_questions']['en-us'] = "How callers ask, one a line";
$text['label-fact_questions']['pt-br'] = "Como perguntam, uma por linha";

$text['label-fact_answer']['en-us'] = "Answer";
$text['label-fact_answer']['pt-br'] = "Resposta";

$text['label-hours_kind']['en-us'] = "Open";
$text['label-hours_kind']['pt-br'] = "Aberto";

$text['label-hours_always']['en-us'] = "Always open";
$text['label-hours_always']['pt-br'] = "Sempre aberto";

$text['label-hours_week']['en-us'] = "By the weekly table";
$text['label-hours_week']['pt-br'] = "Pela tabela semanal";

$text['label-hours_closed']['en-us'] = "Always closed";
$text['label-hours_closed']['pt-br'] = "Sempre fechado";

$text['label-hours_table']['en-us'] = "Weekly table";
$text['label-hours_table']['pt-br'] = "Tabela semanal";

$text['label-hours_exceptions']['en-us'] = "Exceptions";
$text['label-hours_exceptions']['pt-br'] = "Exceções";

$text['label-time_zone']['en-us'] = "Time zone";
$text['label-time_zone']['pt-br'] = "Fuso horário";

$text['label-domain_default']['en-us'] = "Of the domain";
$text['label-domain_default']['pt-br'] = "Do domínio";

$text['label-holidays_country']['en-us'] = "Public holidays of";
$text['label-holidays_country']['pt-br'] = "Feriados de";

$text['label-closed_action']['en-us'] = "Outside hours";
$text['label-closed_action']['pt-br'] = "Fora do horário";

$text['label-ending_hangup']['en-us'] = "Hang up";
$text['label-ending_hangup']['pt-br'] = "Desligar";

$text['label-ending_message']['en-us'] = "Take a message";
$text['label-ending_message']['pt-br'] = "Anotar recado";

$text['label-ending_transfer']['en-us'] = "Transfer";
$text['label-ending_transfer']['pt-br'] = "Transferir";

$text['label-day_mon']['en-us'] = "Monday";
$text['label-day_mon']['pt-br'] = "Segunda-feira";

$text['label-day_tue']['en-us'] = "Tuesday";
$text['label-day_tue']['pt-br'] = "Terça-feira";

$text['label-day_wed']['en-us'] = "Wednesday";
$text['label-day_wed']['pt-br'] = "Quarta-feira";

$text['label-day_thu']['en-us'] = "Thursday";
$text['label-day_thu']['pt-br'] = "Quinta-feira";

$text['label-day_fri']['en-us'] = "Friday";
$text['label-day_fri']['pt-br'] = "Sexta-feira";

$text['label-day_sat']['en-us'] = "Saturday";
$text['label-day_sat']['pt-br'] = "Sábado";

$text['label-day_sun']['en-us'] = "Sunday";
$text['label-day_sun']['pt-br'] = "Domingo";

$text['label-also_speaks']['en-us'] = "Also speaks";
$text['label-also_speaks']['pt-br'] = "Também fala";

$text['label-outside_hours']['en-us'] = "Said outside hours";
$text['label-outside_hours']['pt-br'] = "Dito fora do horário";

$text['label-farewell']['en-us'] = "Farewell";
$text['label-farewell']['pt-br'] = "Despedida";

$text['label-by_priority']['en-us'] = "The domain's, by priority";
$text['label-by_priority']['pt-br'] = "Os do domínio, por prioridade";

$text['label-no_second']['en-us'] = "No second choice";
$text['label-no_second']['pt-br'] = "Sem segunda opção";

$text['label-kind_stt']['en-us'] = "Speech to text";
$text['label-kind_stt']['pt-br'] = "Fala para texto";

$text['label-kind_llm']['en-us'] = "Language model";
$text['label-kind_llm']['pt-br'] = "Modelo de linguagem";

$text['label-kind_tts']['en-us'] = "Text to speech";
$text['label-kind_tts']['pt-br'] = "Texto para fala";

$text['label-kind_embeddings']['en-us'] = "Embeddings";
$text['label-kind_embeddings']['pt-br'] = "Embeddings";

$text['label-kind_realtime']['en-us'] = "Speech to speech";
$text['label-kind_realtime']['pt-br'] = "Fala para fala";

$text['label-voice']['en-us'] = "Voice";
$text['label-voice']['pt-br'] = "Voz";

$text['label-fallback']['en-us'] = "When it cannot go on";
$text['label-fallback']['pt-br'] = "Quando não pode continuar";

$text['label-transfer_style']['en-us'] = "Transfers (realtime)";
$text['label-transfer_style']['pt-br'] = "Transferências (tempo real)";

$text['label-transfer_blind']['en-us'] = "Ring and connect";
$text['label-transfer_blind']['pt-br'] = "Tocar e conectar";

$text['label-transfer_attended']['en-us'] = "Ask who answers first";
$text['label-transfer_attended']['pt-br'] = "Perguntar antes a quem atende";

$text['label-transfer_ring_s']['en-us'] = "How long a destination rings";
$text['label-transfer_ring_s']['pt-br'] = "Por quanto tempo o destino toca";

$text['label-dtmf']['en-us'] = "Keys";
$text['label-dtmf']['pt-br'] = "Teclas";

$text['label-dtmf_transfer']['en-us'] = "Transfer";
$text['label-dtmf_transfer']['pt-br'] = "Transferir";

$text['label-dtmf_repeat']['en-us'] = "Repeat";
$text['label-dtmf_repeat']['pt-br'] = "Repetir";

$text['label-dtmf_message']['en-us'] = "Take a message";
$text['label-dtmf_message']['pt-br'] = "Anotar recado";

$text['label-dtmf_hangup']['en-us'] = "Hang up";
$text['label-dtmf_hangup']['pt-br'] = "Desligar";

$text['label-dtmf_hours']['en-us'] = "Say the hours";
$text['label-dtmf_hours']['pt-br'] = "Informar o horário";

$text['label-disclosure']['en-us'] = "Say that it is a virtual assistant";
$text['label-disclosure']['pt-br'] = "Dizer que é uma assistente virtual";

$text['label-record_calls']['en-us'] = "Record calls";
$text['label-record_calls']['pt-br'] = "Gravar chamadas";

$text['label-recording_notice']['en-us'] = "Recording notice";
$text['label-recording_notice']['pt-br'] = "Aviso de gravação";

$text['label-limits_max_turns']['en-us'] = "Turns of a call";
$text['label-limits_max_turns']['pt-br'] = "Turnos por chamada";

$text['label-limits_max_duration_s']['en-us'] = "Length of a call";
$text['label-limits_max_duration_s']['pt-br'] = "Duração da chamada";

$text['label-limits_max_utterance_s']['en-us'] = "Length of an utterance";
$text['label-limits_max_utterance_s']['pt-br'] = "Duração de uma fala";

$text['label-limits_end_silence_ms']['en-us'] = "Silence that ends an utterance";
$text['label-limits_end_silence_ms']['pt-br'] = "Silêncio que encerra uma fala";

$text['label-limits_no_input_s']['en-us'] = "Silence before asking again";
$text['label-limits_no_input_s']['pt-br'] = "Silêncio até perguntar de novo";

$text['label-limits_max_no_input']['en-us'] = "Times it asks again";
$text['label-limits_max_no_input']['pt-br'] = "Vezes que pergunta de novo";

$text['label-limits_max_misunderstood']['en-us'] = "Misunderstandings in a row";
$text['label-limits_max_misunderstood']['pt-br'] = "Incompreensões seguidas";

$text['label-turn_taking_end_silence_ms']['en-us'] = "Silence that ends an utterance";
$text['label-turn_taking_end_silence_ms']['pt-br'] = "Silêncio que encerra uma fala";

$text['label-turn_taking_pause_ms']['en-us'] = "Pause after which an answer is prepared";
$text['label-turn_taking_pause_ms']['pt-br'] = "Pausa após a qual se prepara a resposta";

$text['label-turn_taking_guesses']['en-us'] = "Answers prepared in one utterance";
$text['label-turn_taking_guesses']['pt-br'] = "Respostas preparadas por fala";

$text['label-turn_taking_min_words']['en-us'] = "Words that interrupt it";
$text['label-turn_taking_min_words']['pt-br'] = "Palavras que a interrompem";

$text['label-turn_taking_min_speech_ms']['en-us'] = "Speech that interrupts it";
$text['label-turn_taking_min_speech_ms']['pt-br'] = "Fala que a interrompe";

$text['label-turn_taking_sensitivity']['en-us'] = "Sensitivity";
$text['label-turn_taking_sensitivity']['pt-br'] = "Sensibilidade";

$text['label-turn_taking_normal']['en-us'] = "Normal";
$text['label-turn_taking_normal']['pt-br'] = "Normal";

$text['label-turn_taking_low']['en-us'] = "Low (noisy lines)";
$text['label-turn_taking_low']['pt-br'] = "Baixa (linhas ruidosas)";

$text['label-turn_taking_high']['en-us'] = "High (quiet talkers)";
$text['label-turn_taking_high']['pt-br'] = "Alta (quem fala baixo)";

$text['label-turn_taking_detector']['en-us'] = "Voice detector";
$text['label-turn_taking_detector']['pt-br'] = "Detector de voz";

$text['label-turn_taking_webrtc']['en-us'] = "WebRTC (light)";
$text['label-turn_taking_webrtc']['pt-br'] = "WebRTC (leve)";

$text['label-turn_taking_silero']['en-us'] = "Silero (precise)";
$text['label-turn_taking_silero']['pt-br'] = "Silero (preciso)";

$text['label-turn_taking_end_of_turn_model']['en-us'] = "Model that knows when a sentence is over";
$text['label-turn_taking_end_of_turn_model']['pt-br'] = "Modelo que sabe quando a frase acabou";

$text['label-turn_taking_interruptible']['en-us'] = "May be interrupted";
$text['label-turn_taking_interruptible']['pt-br'] = "Pode ser interrompida";

$text['label-version']['en-us'] = "Version";
$text['label-version']['pt-br'] = "Versão";

$text['label-date']['en-us'] = "Date";
$text['label-date']['pt-br'] = "Data";

$text['label-setting']['en-us'] = "Setting";
$text['label-setting']['pt-br'] = "Configuração";

$text['label-difference']['en-us'] = "Difference between the draft and version";
$text['label-difference']['pt-br'] = "Diferença entre o rascunho e a versão";

$text['label-no_difference']['en-us'] = "The draft is the same.";
$text['label-no_difference']['pt-br'] = "O rascunho é igual.";

$text['label-secret_stored']['en-us'] = "stored; leave empty to keep it";
$text['label-secret_stored']['pt-br'] = "guardada; deixe vazio para manter";

$text['label-name']['en-us'] = "Name";
$text['label-name']['pt-br'] = "Nome";

$text['button-history']['en-us'] = "Versions";
$text['button-history']['pt-br'] = "Versões";

$text['button-save_publish']['en-us'] = "Save and publish";
$text['button-save_publish']['pt-br'] = "Salvar e publicar";

$text['button-roll_back']['en-us'] = "Publish again";
$text['button-roll_back']['pt-br'] = "Publicar de novo";

$text['button-restore_draft']['en-us'] = "Copy to the draft";
$text['button-restore_draft']['pt-br'] = "Copiar para o rascunho";

$text['description-voice_secretaries']['en-us'] = "Secretaries answer their extension, inform callers and put them through. A draft answers calls once it is published.";
$text['description-voice_secretaries']['pt-br'] = "As secretárias atendem no seu ramal, informam e transferem. Um rascunho passa a atender quando é publicado.";

$text['description-voice_secretary_edit']['en-us'] = "Name, extension and greeting are enough to begin. Saving keeps a draft; publishing lets new calls have it.";
$text['description-voice_secretary_edit']['pt-br'] = "Nome, ramal e saudação bastam para começar. Salvar guarda o rascunho; publicar o aplica às novas chamadas.";

$text['description-voice_secretary_versions']['en-us'] = "Every publication is a version. Calls keep the version they began with.";
$text['description-voice_secretary_versions']['pt-br'] = "Cada publicação é uma versão. As chamadas mantêm a versão com que começaram.";

$text['description-secretary_name']['en-us'] = "Who the secretary is, in lists and in its greeting.";
$text['description-secretary_name']['pt-br'] = "Quem é a secretária, nas listas e na saudação.";

$text['description-secretary_extension']['en-us'] = "The number to call. It must not belong to anything else.";
$text['description-secretary_extension']['pt-br'] = "O número a ligar. Não pode pertencer a mais nada.";

$text['description-language']['en-us'] = "The language it greets in.";
$text['description-language']['pt-br'] = "O idioma em que saúda.";

$text['description-secretary_mode']['en-us'] = "Turns: hears, thinks, answers; works everywhere. Realtime: can be interrupted; needs the bridge and mod_audio_stream. Automatic: realtime where it works.";
$text['description-secretary_mode']['pt-br'] = "Por turnos: ouve, pensa, responde; funciona sempre. Tempo real: pode ser interrompida; requer a ponte e o mod_audio_stream. Automático: tempo real onde funciona.";

$text['description-greeting']['en-us'] = "The first thing callers hear. Empty: a standard greeting.";
$text['description-greeting']['pt-br'] = "A primeira coisa que se ouve. Vazio: uma saudação padrão.";

$text['description-persona']['en-us'] = "How it speaks and what it may do, for the language model.";
$text['description-persona']['pt-br'] = "Como fala e o que pode fazer, para o modelo de linguagem.";

$text['description-version_note']['en-us'] = "Shown in the list of versions when you publish.";
$text['description-version_note']['pt-br'] = "Mostrada na lista de versões ao publicar.";

$text['description-business_name']['en-us'] = "Whom it answers for.";
$text['description-business_name']['pt-br'] = "Em nome de quem atende.";

$text['description-facts']['en-us'] = "Short answers that need no document, such as the address or a price.";
$text['description-facts']['pt-br'] = "Respostas curtas que dispensam documento, como o endereço ou um preço.";

$text['description-hours_kind']['en-us'] = "To use a time condition of FusionPBX instead, choose the secretary as its destination and leave this always open.";
$text['description-hours_kind']['pt-br'] = "Para usar uma condição de horário do FusionPBX, escolha a secretária como destino dela e deixe aqui sempre aberto.";

$text['description-hours_table']['en-us'] = "Two openings a day, for a lunch break. Closing before opening means after midnight.";
$text['description-hours_table']['pt-br'] = "Dois períodos por dia, para o almoço. Fechar antes de abrir significa depois da meia-noite.";

$text['description-holidays_country']['en-us'] = "Country and state, such as BR and SP. Closed on their public holidays.";
$text['description-holidays_country']['pt-br'] = "País e estado, como BR e SP. Fechado nos feriados.";

$text['description-hours_exceptions']['en-us'] = "Days that differ from the week. Without times: closed.";
$text['description-hours_exceptions']['pt-br'] = "Dias diferentes da semana. Sem horário: fechado.";

$text['description-closed_action']['en-us'] = "What happens after the text for outside hours was said.";
$text['description-closed_action']['pt-br'] = "O que acontece depois de dito o texto de fora do horário.";

$text['description-also_speaks']['en-us'] = "It then answers callers who speak this language.";
$text['description-also_speaks']['pt-br'] = "Assim atende quem fala este idioma.";

$text['description-text_default']['en-us'] = "Empty: a standard text.";
$text['description-text_default']['pt-br'] = "Vazio: um texto padrão.";

$text['description-kind_stt']['en-us'] = "Hears the caller. The second is asked when the first fails.";
$text['description-kind_stt']['pt-br'] = "Ouve quem liga. O segundo é usado quando o primeiro falha.";

$text['description-kind_llm']['en-us'] = "Thinks. Without one, it answers from facts, documents and rules.";
$text['description-kind_llm']['pt-br'] = "Pensa. Sem um, responde por fatos, documentos e regras.";

$text['description-kind_tts']['en-us'] = "Speaks.";
$text['description-kind_tts']['pt-br'] = "Fala.";

$text['description-kind_embeddings']['en-us'] = "Finds passages in documents.";
$text['description-kind_embeddings']['pt-br'] = "Encontra trechos nos documentos.";

$text['description-kind_realtime']['en-us'] = "One model that hears and speaks. Only in realtime mode.";
$text['description-kind_realtime']['pt-br'] = "Um só modelo que ouve e fala. Só em tempo real.";

$text['description-voice']['en-us'] = "The name of a voice of the provider. Empty: its standard.";
$text['description-voice']['pt-br'] = "O nome de uma voz do provedor. Vazio: a padrão.";

$text['description-fallback']['en-us'] = "Limits, providers that are away, a caller nobody understands.";
$text['description-fallback']['pt-br'] = "Limites, provedores fora do ar, alguém que não se entende.";

$text['description-transfer_style']['en-us'] = "In turn mode the dialplan transfers.";
$text['description-transfer_style']['pt-br'] = "Por turnos, quem transfere é o plano de discagem.";

$text['description-dtmf']['en-us'] = "What a key does while the secretary talks or listens.";
$text['description-dtmf']['pt-br'] = "O que uma tecla faz enquanto a secretária fala ou ouve.";

$text['description-disclosure']['en-us'] = "The law of many places asks for it.";
$text['description-disclosure']['pt-br'] = "A lei de muitos lugares o exige.";

$text['description-record_calls']['en-us'] = "Keeps the audio of the call; the notice is said first.";
$text['description-record_calls']['pt-br'] = "Guarda o áudio da chamada; o aviso é dito antes.";

$text['message-not_found']['en-us'] = "Not found in this domain.";
$text['message-not_found']['pt-br'] = "Não encontrado neste domínio.";

$text['message-not_saved']['en-us'] = "Not saved.";
$text['message-not_saved']['pt-br'] = "Não foi salvo.";

$text['message-number_taken']['en-us'] = "This number is taken already.";
$text['message-number_taken']['pt-br'] = "Este número já está em uso.";

$text['message-number_form']['en-us'] = "The extension is made of digits, * and #, at most 20.";
$text['message-number_form']['pt-br'] = "O ramal tem algarismos, * e #, no máximo 20.";

$text['message-published']['en-us'] = "Published: new calls have it.";
$text['message-published']['pt-br'] = "Publicada: as novas chamadas já a usam.";

$text['message-not_published']['en-us'] = "Saved, but not published.";
$text['message-not_published']['pt-br'] = "Salva, mas não publicada.";

$text['message-rolled_back']['en-us'] = "This version answers new calls now.";
$text['message-rolled_back']['pt-br'] = "Esta versão agora atende as novas chamadas.";

$text['message-restored']['en-us'] = "Copied to the draft; publish it when it is right.";
$text['message-restored']['pt-br'] = "Copiada para o rascunho; publique quando estiver certo.";

$text['message-service_not_configured']['en-us'] = "The voice service is not configured: set its address and token in Settings.";
$text['message-service_not_configured']['pt-br'] = "O serviço de voz não está configurado: defina endereço e token em Configurações.";

$text['message-service_unreachable']['en-us'] = "The voice service does not answer. What is saved here stays; calls are served again when it is back.";
$text['message-service_unreachable']['pt-br'] = "O serviço de voz não responde. O que foi salvo permanece; as chamadas voltam a ser atendidas quando ele voltar.";

$text['message-service_token_refused']['en-us'] = "The voice service refuses this domain's token: set a new one in Settings.";
$text['message-service_token_refused']['pt-br'] = "O serviço de voz recusa o token deste domínio: defina um novo em Configurações.";

$text['message-service_failed']['en-us'] = "The voice service refused";
$text['message-service_failed']['pt-br'] = "O serviço de voz recusou";

$text['message-tables_missing']['en-us'] = "Tables of this app are missing in the database: run \"php core/upgrade/upgrade_schema.php\" and \"voice-ai migrate\". Missing:";
$text['message-tables_missing']['pt-br'] = "Faltam tabelas deste aplicativo no banco: execute \"php core/upgrade/upgrade_schema.php\" e \"voice-ai migrate\". Faltam:";

$text['message-not_migrated']['en-us'] = "The voice service has not prepared this database yet: run \"voice-ai migrate\". Until then it does not answer calls.";
$text['message-not_migrated']['pt-br'] = "O serviço de voz ainda não preparou este banco: execute \"voice-ai migrate\". Até lá não atende chamadas.";

$text['label-service']['en-us'] = "Voice service";
$text['label-service']['pt-br'] = "Serviço de voz";

$text['label-answers']['en-us'] = "answers";
$text['label-answers']['pt-br'] = "responde";

$text['label-token']['en-us'] = "Token";
$text['label-token']['pt-br'] = "Token";

$text['label-accepted']['en-us'] = "accepted";
$text['label-accepted']['pt-br'] = "aceito";

$text['label-scripts']['en-us'] = "Scripts in FreeSWITCH";
$text['label-scripts']['pt-br'] = "Scripts no FreeSWITCH";

$text['label-installed']['en-us'] = "installed";
$text['label-installed']['pt-br'] = "instalados";

$text['label-settings_pbx']['en-us'] = "This PBX";
$text['label-settings_pbx']['pt-br'] = "Este PBX";

$text['label-settings_domain']['en-us'] = "This domain";
$text['label-settings_domain']['pt-br'] = "Este domínio";

$text['label-settings_tenant']['en-us'] = "Limits and retention";
$text['label-settings_tenant']['pt-br'] = "Limites e retenção";

$text['label-service_url']['en-us'] = "Address of the service";
$text['label-service_url']['pt-br'] = "Endereço do serviço";

$text['label-pbx_api_key']['en-us'] = "Token of the PBX";
$text['label-pbx_api_key']['pt-br'] = "Token do PBX";

$text['label-bridge_url']['en-us'] = "Address of the bridge";
$text['label-bridge_url']['pt-br'] = "Endereço da ponte";

$text['label-domain_api_key']['en-us'] = "Token of this domain";
$text['label-domain_api_key']['pt-br'] = "Token deste domínio";

$text['label-forget_domain_api_key']['en-us'] = "Forget it and use the PBX's";
$text['label-forget_domain_api_key']['pt-br'] = "Esquecer e usar o do PBX";

$text['label-retention_days']['en-us'] = "Days that conversations are kept";
$text['label-retention_days']['pt-br'] = "Dias que as conversas são guardadas";

$text['label-country']['en-us'] = "Country";
$text['label-country']['pt-br'] = "País";

$text['label-chunk_tokens']['en-us'] = "Tokens of a chunk";
$text['label-chunk_tokens']['pt-br'] = "Tokens por trecho";

$text['label-overlap_tokens']['en-us'] = "Tokens that chunks share";
$text['label-overlap_tokens']['pt-br'] = "Tokens em comum entre trechos";

$text['label-requests_per_minute']['en-us'] = "Requests a minute";
$text['label-requests_per_minute']['pt-br'] = "Requisições por minuto";

$text['label-max_concurrent_calls']['en-us'] = "Calls at a time";
$text['label-max_concurrent_calls']['pt-br'] = "Chamadas simultâneas";

$text['label-max_upload_bytes']['en-us'] = "Bytes of a document";
$text['label-max_upload_bytes']['pt-br'] = "Bytes por documento";

$text['label-max_documents']['en-us'] = "Documents";
$text['label-max_documents']['pt-br'] = "Documentos";

$text['label-monthly_budget_cents']['en-us'] = "Budget of a month (cents)";
$text['label-monthly_budget_cents']['pt-br'] = "Orçamento mensal (centavos)";

$text['description-voice_settings']['en-us'] = "Where the voice service is, and what this domain may use.";
$text['description-voice_settings']['pt-br'] = "Onde está o serviço de voz e o que este domínio pode usar.";

$text['description-settings_pbx']['en-us'] = "For all domains. The address and the token are also given to FreeSWITCH (Advanced, Variables).";
$text['description-settings_pbx']['pt-br'] = "Para todos os domínios. Endereço e token também vão para o FreeSWITCH (Avançado, Variáveis).";

$text['description-service_url']['en-us'] = "As this server reaches it.";
$text['description-service_url']['pt-br'] = "Como este servidor o alcança.";

$text['description-pbx_api_key']['en-us'] = "Made by: voice-ai tokens create --pbx --name pbx --scope calls --scope speech --scope read --scope admin";
$text['description-pbx_api_key']['pt-br'] = "Feito por: voice-ai tokens create --pbx --name pbx --scope calls --scope speech --scope read --scope admin";

$text['description-bridge_url']['en-us'] = "As browsers reach its web port (8081 by default), for the test phone. Browsers give the microphone to https pages only.";
$text['description-bridge_url']['pt-br'] = "Como os navegadores alcançam sua porta web (8081 por padrão), para o telefone de teste. Os navegadores só dão o microfone a páginas https.";

$text['description-domain_api_key']['en-us'] = "With a token of its own this domain does not use the PBX's. It is never shown.";
$text['description-domain_api_key']['pt-br'] = "Com um token próprio, este domínio não usa o do PBX. Nunca é mostrado.";

$text['description-retention_days']['en-us'] = "Older ones are forgotten, with their audio.";
$text['description-retention_days']['pt-br'] = "As mais antigas são esquecidas, com o áudio.";

$text['description-country']['en-us'] = "For numbers without a country code, such as BR.";
$text['description-country']['pt-br'] = "Para números sem código de país, como BR.";

$text['description-chunk_tokens']['en-us'] = "How documents are cut. Takes effect with the next reindexing.";
$text['description-chunk_tokens']['pt-br'] = "Como os documentos são cortados. Vale na próxima reindexação.";

$text['description-overlap_tokens']['en-us'] = "So that no sentence is lost at a cut.";
$text['description-overlap_tokens']['pt-br'] = "Para que nenhuma frase se perca no corte.";

$text['description-operators']['en-us'] = "Set by the operator of the PBX.";
$text['description-operators']['pt-br'] = "Definido pelo operador do PBX.";

$text['message-url_form']['en-us'] = "An address begins with http:// or https:// and has no query.";
$text['message-url_form']['pt-br'] = "Um endereço começa com http:// ou https:// e não tem consulta.";

$text['message-scripts_missing']['en-us'] = "not installed: copy freeswitch/scripts/app/voice_secretary into FreeSWITCH's scripts folder";
$text['message-scripts_missing']['pt-br'] = "não instalados: copie freeswitch/scripts/app/voice_secretary para a pasta de scripts do FreeSWITCH";

$text['label-provider_kind']['en-us'] = "Kind";
$text['label-provider_kind']['pt-br'] = "Tipo";

$text['label-provider_name']['en-us'] = "Provider";
$text['label-provider_name']['pt-br'] = "Provedor";

$text['label-provider_label']['en-us'] = "Label";
$text['label-provider_label']['pt-br'] = "Rótulo";

$text['label-provider_model']['en-us'] = "Model";
$text['label-provider_model']['pt-br'] = "Modelo";

$text['label-provider_voice']['en-us'] = "Voice";
$text['label-provider_voice']['pt-br'] = "Voz";

$text['label-provider_base_url']['en-us'] = "Address";
$text['label-provider_base_url']['pt-br'] = "Endereço";

$text['label-provider_secret']['en-us'] = "Key";
$text['label-provider_secret']['pt-br'] = "Chave";

$text['label-provider_priority']['en-us'] = "Priority";
$text['label-provider_priority']['pt-br'] = "Prioridade";

$text['label-provider_where']['en-us'] = "Where";
$text['label-provider_where']['pt-br'] = "Onde";

$text['label-provider_runs']['en-us'] = "Can run";
$text['label-provider_runs']['pt-br'] = "Pode funcionar";

$text['label-provider_context_tokens']['en-us'] = "Context (tokens)";
$text['label-provider_context_tokens']['pt-br'] = "Contexto (tokens)";

$text['label-provider_dimension']['en-us'] = "Dimension";
$text['label-provider_dimension']['pt-br'] = "Dimensão";

$text['label-provider_asks_dimension']['en-us'] = "Ask for the dimension";
$text['label-provider_asks_dimension']['pt-br'] = "Pedir a dimensão";

$text['label-provider_sends_temperature']['en-us'] = "Send the temperature";
$text['label-provider_sends_temperature']['pt-br'] = "Enviar a temperatura";

$text['label-provider_reasoning_effort']['en-us'] = "Reasoning effort";
$text['label-provider_reasoning_effort']['pt-br'] = "Esforço de raciocínio";

$text['label-provider_tools']['en-us'] = "Takes tools";
$text['label-provider_tools']['pt-br'] = "Aceita ferramentas";

$text['label-provider_limit_field']['en-us'] = "Field of the limit";
$text['label-provider_limit_field']['pt-br'] = "Campo do limite";

$text['label-provider_instructions']['en-us'] = "Instructions";
$text['label-provider_instructions']['pt-br'] = "Instruções";

$text['label-provider_hints']['en-us'] = "Send what callers are likely to say";
$text['label-provider_hints']['pt-br'] = "Enviar o que provavelmente se dirá";

$text['label-provider_region']['en-us'] = "Region";
$text['label-provider_region']['pt-br'] = "Região";

$text['label-stored']['en-us'] = "stored";
$text['label-stored']['pt-br'] = "guardada";

$text['label-catalogue']['en-us'] = "What could be configured, and whether it can run here";
$text['label-catalogue']['pt-br'] = "O que pode ser configurado e se funciona aqui";

$text['label-local']['en-us'] = "this server";
$text['label-local']['pt-br'] = "este servidor";

$text['label-cloud']['en-us'] = "cloud";
$text['label-cloud']['pt-br'] = "nuvem";

$text['label-unavailable']['en-us'] = "cannot run here";
$text['label-unavailable']['pt-br'] = "não funciona aqui";

$text['button-test']['en-us'] = "Test";
$text['button-test']['pt-br'] = "Testar";

$text['description-voice_providers']['en-us'] = "Engines that hear, think and speak for this domain's secretaries, by priority. Without any the built-in ones work.";
$text['description-voice_providers']['pt-br'] = "Motores que ouvem, pensam e falam pelas secretárias deste domínio, por prioridade. Sem nenhum, funcionam os embutidos.";

$text['description-voice_provider_edit']['en-us'] = "The service checks the settings and seals the key before it is stored.";
$text['description-voice_provider_edit']['pt-br'] = "O serviço confere as configurações e sela a chave antes de guardá-la.";

$text['description-provider_label']['en-us'] = "What you call it.";
$text['description-provider_label']['pt-br'] = "Como você o chama.";

$text['description-provider_secret']['en-us'] = "It goes in and is never shown again.";
$text['description-provider_secret']['pt-br'] = "Entra e nunca mais é mostrada.";

$text['description-provider_priority']['en-us'] = "Lower is asked first.";
$text['description-provider_priority']['pt-br'] = "O menor é usado primeiro.";

$text['message-page_failed']['en-us'] = "The page did not get an answer.";
$text['message-page_failed']['pt-br'] = "A página não recebeu resposta.";

$text['label-aliases']['en-us'] = "Other names";
$text['label-aliases']['pt-br'] = "Outros nomes";

$text['label-destination_kind']['en-us'] = "Kind";
$text['label-destination_kind']['pt-br'] = "Tipo";

$text['label-destination_extension']['en-us'] = "Extension";
$text['label-destination_extension']['pt-br'] = "Ramal";

$text['label-destination_ring_group']['en-us'] = "Ring group";
$text['label-destination_ring_group']['pt-br'] = "Grupo de toque";

$text['label-destination_queue']['en-us'] = "Queue";
$text['label-destination_queue']['pt-br'] = "Fila";

$text['label-destination_voicemail']['en-us'] = "Voicemail";
$text['label-destination_voicemail']['pt-br'] = "Correio de voz";

$text['label-destination_external']['en-us'] = "Number outside";
$text['label-destination_external']['pt-br'] = "Número externo";

$text['label-destination']['en-us'] = "Destination";
$text['label-destination']['pt-br'] = "Destino";

$text['label-all_secretaries']['en-us'] = "All secretaries";
$text['label-all_secretaries']['pt-br'] = "Todas as secretárias";

$text['label-intent']['en-us'] = "Intent";
$text['label-intent']['pt-br'] = "Intenção";

$text['label-phrases']['en-us'] = "Phrases";
$text['label-phrases']['pt-br'] = "Frases";

$text['label-immediate']['en-us'] = "At once";
$text['label-immediate']['pt-br'] = "Imediata";

$text['label-any_language']['en-us'] = "Any language";
$text['label-any_language']['pt-br'] = "Qualquer idioma";

$text['label-try_rule']['en-us'] = "What would happen?";
$text['label-try_rule']['pt-br'] = "O que aconteceria?";

$text['label-try_said']['en-us'] = "What a caller would say";
$text['label-try_said']['pt-br'] = "O que alguém diria";

$text['label-no_rule']['en-us'] = "No rule fires.";
$text['label-no_rule']['pt-br'] = "Nenhuma regra dispara.";

$text['description-voice_transfer_destinations']['en-us'] = "Where secretaries may put callers through. Nothing else can be dialled, whatever a caller or a model says.";
$text['description-voice_transfer_destinations']['pt-br'] = "Para onde as secretárias podem transferir. Nada mais pode ser discado, diga o que disser quem liga ou um modelo.";

$text['description-voice_transfer_rules']['en-us'] = "Words that mean a destination. Whole words count, accents and case do not.";
$text['description-voice_transfer_rules']['pt-br'] = "Palavras que significam um destino. Contam palavras inteiras; acentos e maiúsculas não.";

$text['description-destination_name']['en-us'] = "What callers and the secretary call it, such as finance.";
$text['description-destination_name']['pt-br'] = "Como quem liga e a secretária o chamam, como financeiro.";

$text['description-aliases']['en-us'] = "Other words for it, one a line.";
$text['description-aliases']['pt-br'] = "Outras palavras para ele, uma por linha.";

$text['description-destination']['en-us'] = "One of this domain's destinations.";
$text['description-destination']['pt-br'] = "Um dos destinos deste domínio.";

$text['description-destination_external']['en-us'] = "Instead of a destination of this domain: a number that your outbound routes dial.";
$text['description-destination_external']['pt-br'] = "Em vez de um destino deste domínio: um número que suas rotas de saída discam.";

$text['description-secretary']['en-us'] = "Only this one uses it, or all.";
$text['description-secretary']['pt-br'] = "Só esta o usa, ou todas.";

$text['description-destination_order']['en-us'] = "Lower is offered first.";
$text['description-destination_order']['pt-br'] = "O menor é oferecido primeiro.";

$text['description-intent']['en-us'] = "A name for the rule, for your eyes.";
$text['description-intent']['pt-br'] = "Um nome para a regra, para você.";

$text['description-phrases']['en-us'] = "What callers say, one a line.";
$text['description-phrases']['pt-br'] = "O que se diz, uma por linha.";

$text['description-rule_priority']['en-us'] = "Lower is tried first.";
$text['description-rule_priority']['pt-br'] = "A menor é tentada primeiro.";

$text['description-immediate']['en-us'] = "Fires before a language model is asked.";
$text['description-immediate']['pt-br'] = "Dispara antes de consultar um modelo de linguagem.";

$text['message-destination_unknown']['en-us'] = "This is not one of this domain's destinations.";
$text['message-destination_unknown']['pt-br'] = "Este não é um dos destinos deste domínio.";

$text['message-destination_needed']['en-us'] = "Choose a destination, or type a number: digits, with a leading + abroad.";
$text['message-destination_needed']['pt-br'] = "Escolha um destino ou digite um número: algarismos, com + na frente para o exterior.";

$text['message-destination_gone']['en-us'] = "This domain has no such destination any more:";
$text['message-destination_gone']['pt-br'] = "Este domínio não tem mais este destino:";

$text['message-destination_first']['en-us'] = "Add a transfer destination first.";
$text['message-destination_first']['pt-br'] = "Adicione primeiro um destino de transferência.";

$text['message-name_taken']['en-us'] = "This name is taken already.";
$text['message-name_taken']['pt-br'] = "Este nome já está em uso.";

$text['label-type']['en-us'] = "Type";
$text['label-type']['pt-br'] = "Tipo";

$text['label-size']['en-us'] = "Size";
$text['label-size']['pt-br'] = "Tamanho";

$text['label-chunks']['en-us'] = "Chunks";
$text['label-chunks']['pt-br'] = "Trechos";

$text['label-page']['en-us'] = "page";
$text['label-page']['pt-br'] = "página";

$text['label-upload']['en-us'] = "Add documents";
$text['label-upload']['pt-br'] = "Adicionar documentos";

$text['label-language_found']['en-us'] = "Find out the language";
$text['label-language_found']['pt-br'] = "Descobrir o idioma";

$text['label-ask']['en-us'] = "Try a question";
$text['label-ask']['pt-br'] = "Experimente uma pergunta";

$text['label-ask_question']['en-us'] = "What a caller would ask";
$text['label-ask_question']['pt-br'] = "O que alguém perguntaria";

$text['label-status_pending']['en-us'] = "waiting";
$text['label-status_pending']['pt-br'] = "aguardando";

$text['label-status_processing']['en-us'] = "being read";
$text['label-status_processing']['pt-br'] = "sendo lido";

$text['label-status_ready']['en-us'] = "ready";
$text['label-status_ready']['pt-br'] = "pronto";

$text['label-status_error']['en-us'] = "error";
$text['label-status_error']['pt-br'] = "erro";

$text['label-sending']['en-us'] = "is being sent";
$text['label-sending']['pt-br'] = "enviando";

$text['label-received']['en-us'] = "received";
$text['label-received']['pt-br'] = "recebido";

$text['label-known_file']['en-us'] = "this very file is here already";
$text['label-known_file']['pt-br'] = "este mesmo arquivo já está aqui";

$text['label-nothing_found']['en-us'] = "Nothing was found.";
$text['label-nothing_found']['pt-br'] = "Nada foi encontrado.";

$text['label-good_enough']['en-us'] = "would be answered from this";
$text['label-good_enough']['pt-br'] = "seria respondido com isto";

$text['label-not_good_enough']['en-us'] = "too weak for an answer";
$text['label-not_good_enough']['pt-br'] = "fraco demais para uma resposta";

$text['label-words_not_found']['en-us'] = "No document has:";
$text['label-words_not_found']['pt-br'] = "Nenhum documento tem:";

$text['button-reindex']['en-us'] = "Read again";
$text['button-reindex']['pt-br'] = "Ler de novo";

$text['button-ask']['en-us'] = "Ask";
$text['button-ask']['pt-br'] = "Perguntar";

$text['description-voice_documents']['en-us'] = "What secretaries may answer from: PDF, DOCX, text, Markdown, HTML, CSV. A file of the same name replaces the old one.";
$text['description-voice_documents']['pt-br'] = "De onde as secretárias respondem: PDF, DOCX, texto, Markdown, HTML, CSV. Um arquivo de mesmo nome substitui o antigo.";

$text['description-voice_document']['en-us'] = "What callers are answered from, piece by piece.";
$text['description-voice_document']['pt-br'] = "De onde se responde a quem liga, trecho por trecho.";

$text['description-upload']['en-us'] = "The old version answers until the new one is read.";
$text['description-upload']['pt-br'] = "A versão antiga responde até a nova ser lida.";

$text['message-file_too_large']['en-us'] = "PHP takes no larger files here; raise upload_max_filesize and post_max_size.";
$text['message-file_too_large']['pt-br'] = "O PHP não aceita arquivos maiores aqui; aumente upload_max_filesize e post_max_size.";

$text['message-file_not_received']['en-us'] = "The file did not arrive.";
$text['message-file_not_received']['pt-br'] = "O arquivo não chegou.";

$text['message-file_not_there']['en-us'] = "The file cannot be fetched now.";
$text['message-file_not_there']['pt-br'] = "O arquivo não pode ser obtido agora.";

$text['message-reindexing']['en-us'] = "They are being read again.";
$text['message-reindexing']['pt-br'] = "Estão sendo lidos de novo.";

$text['label-from']['en-us'] = "From";
$text['label-from']['pt-br'] = "De";

$text['label-to']['en-us'] = "To";
$text['label-to']['pt-br'] = "Até";

$text['label-any_outcome']['en-us'] = "Any outcome";
$text['label-any_outcome']['pt-br'] = "Qualquer desfecho";

$text['label-any_rating']['en-us'] = "Any rating";
$text['label-any_rating']['pt-br'] = "Qualquer avaliação";

$text['label-good']['en-us'] = "Good";
$text['label-good']['pt-br'] = "Bom";

$text['label-bad']['en-us'] = "Bad";
$text['label-bad']['pt-br'] = "Ruim";

$text['label-outcome']['en-us'] = "Outcome";
$text['label-outcome']['pt-br'] = "Desfecho";

$text['label-turns']['en-us'] = "Turns";
$text['label-turns']['pt-br'] = "Turnos";

$text['label-summary']['en-us'] = "Summary";
$text['label-summary']['pt-br'] = "Resumo";

$text['label-anonymous']['en-us'] = "anonymous";
$text['label-anonymous']['pt-br'] = "anônimo";

$text['label-resolution_transferred']['en-us'] = "Transferred";
$text['label-resolution_transferred']['pt-br'] = "Transferida";

$text['label-resolution_completed']['en-us'] = "Completed";
$text['label-resolution_completed']['pt-br'] = "Resolvida";

$text['label-resolution_abandoned']['en-us'] = "Abandoned";
$text['label-resolution_abandoned']['pt-br'] = "Abandonada";

$text['label-resolution_message']['en-us'] = "Message taken";
$text['label-resolution_message']['pt-br'] = "Recado anotado";

$text['label-resolution_failed']['en-us'] = "Failed";
$text['label-resolution_failed']['pt-br'] = "Falhou";

$text['label-resolution_closed']['en-us'] = "Outside hours";
$text['label-resolution_closed']['pt-br'] = "Fora do horário";

$text['label-resolution_busy']['en-us'] = "Busy";
$text['label-resolution_busy']['pt-br'] = "Ocupada";

$text['label-not_heard']['en-us'] = "The caller did not hear this.";
$text['label-not_heard']['pt-br'] = "Quem ligou não ouviu isto.";

$text['label-key']['en-us'] = "Key";
$text['label-key']['pt-br'] = "Tecla";

$text['label-interrupted']['en-us'] = "interrupted";
$text['label-interrupted']['pt-br'] = "interrompida";

$text['label-action']['en-us'] = "action";
$text['label-action']['pt-br'] = "ação";

$text['label-source']['en-us'] = "source";
$text['label-source']['pt-br'] = "fonte";

$text['label-tool']['en-us'] = "tool";
$text['label-tool']['pt-br'] = "ferramenta";

$text['label-ended_by']['en-us'] = "Ended by";
$text['label-ended_by']['pt-br'] = "Encerrada por";

$text['label-tokens']['en-us'] = "Tokens";
$text['label-tokens']['pt-br'] = "Tokens";

$text['label-cost']['en-us'] = "Cost";
$text['label-cost']['pt-br'] = "Custo";

$text['label-providers']['en-us'] = "Providers";
$text['label-providers']['pt-br'] = "Provedores";

$text['label-message_taken']['en-us'] = "Message";
$text['label-message_taken']['pt-br'] = "Recado";

$text['label-feedback']['en-us'] = "Was it good?";
$text['label-feedback']['pt-br'] = "Foi bem?";

$text['label-latency']['en-us'] = "Time to answer, by turn";
$text['label-latency']['pt-br'] = "Tempo de resposta, por turno";

$text['label-stage_endpointing']['en-us'] = "end of speech";
$text['label-stage_endpointing']['pt-br'] = "fim da fala";

$text['label-stage_stt']['en-us'] = "hearing";
$text['label-stage_stt']['pt-br'] = "audição";

$text['label-stage_retrieval']['en-us'] = "documents";
$text['label-stage_retrieval']['pt-br'] = "documentos";

$text['label-stage_llm_first_token']['en-us'] = "thinking";
$text['label-stage_llm_first_token']['pt-br'] = "raciocínio";

$text['label-stage_llm']['en-us'] = "thinking";
$text['label-stage_llm']['pt-br'] = "raciocínio";

$text['label-stage_tts_first_byte']['en-us'] = "speaking";
$text['label-stage_tts_first_byte']['pt-br'] = "fala";

$text['label-stage_tts']['en-us'] = "speaking";
$text['label-stage_tts']['pt-br'] = "fala";

$text['label-stage_playout']['en-us'] = "way to the ear";
$text['label-stage_playout']['pt-br'] = "caminho ao ouvido";

$text['button-filter']['en-us'] = "Filter";
$text['button-filter']['pt-br'] = "Filtrar";

$text['button-erase']['en-us'] = "Forget caller";
$text['button-erase']['pt-br'] = "Esquecer quem ligou";

$text['button-cdr']['en-us'] = "Call record";
$text['button-cdr']['pt-br'] = "Registro da chamada";

$text['modal_title-erase']['en-us'] = "Forget this caller?";
$text['modal_title-erase']['pt-br'] = "Esquecer quem ligou?";

$text['modal_message-erase']['en-us'] = "All conversations, audio and events of this number are deleted for good.";
$text['modal_message-erase']['pt-br'] = "Todas as conversas, áudios e eventos deste número são apagados para sempre.";

$text['description-voice_conversations']['en-us'] = "What was said, done and heard. The search looks in both sides' words.";
$text['description-voice_conversations']['pt-br'] = "O que foi dito, feito e ouvido. A busca olha as palavras dos dois lados.";

$text['message-erased']['en-us'] = "Forgotten.";
$text['message-erased']['pt-br'] = "Esquecido.";

$text['label-duration']['en-us'] = "Duration";
$text['label-duration']['pt-br'] = "Duração";

$text['label-no_live_calls']['en-us'] = "No call right now.";
$text['label-no_live_calls']['pt-br'] = "Nenhuma chamada agora.";

$text['label-sure_end']['en-us'] = "End this call?";
$text['label-sure_end']['pt-br'] = "Encerrar esta chamada?";

$text['label-days']['en-us'] = "days";
$text['label-days']['pt-br'] = "dias";

$text['label-calls']['en-us'] = "Calls";
$text['label-calls']['pt-br'] = "Chamadas";

$text['label-resolved']['en-us'] = "Resolved";
$text['label-resolved']['pt-br'] = "Resolvidas";

$text['label-latency_day']['en-us'] = "Time to answer (ms)";
$text['label-latency_day']['pt-br'] = "Tempo de resposta (ms)";

$text['label-mean']['en-us'] = "mean";
$text['label-mean']['pt-br'] = "média";

$text['label-requests']['en-us'] = "Requests";
$text['label-requests']['pt-br'] = "Requisições";

$text['button-end']['en-us'] = "End";
$text['button-end']['pt-br'] = "Encerrar";

$text['button-listen']['en-us'] = "Listen";
$text['button-listen']['pt-br'] = "Escutar";

$text['description-voice_live_calls']['en-us'] = "What is being said now, turn by turn.";
$text['description-voice_live_calls']['pt-br'] = "O que está sendo dito agora, turno a turno.";

$text['description-voice_reports']['en-us'] = "By day, in the domain's time zone.";
$text['description-voice_reports']['pt-br'] = "Por dia, no fuso do domínio.";

$text['message-call_not_reached']['en-us'] = "FreeSWITCH did not do it: the call is over, or cannot be reached from here.";
$text['message-call_not_reached']['pt-br'] = "O FreeSWITCH não o fez: a chamada acabou ou não é alcançável daqui.";

$text['button-transfer']['en-us'] = "Transfer";
$text['button-transfer']['pt-br'] = "Transferir";

$text['label-url']['en-us'] = "Address";
$text['label-url']['pt-br'] = "Endereço";

$text['label-events']['en-us'] = "Events";
$text['label-events']['pt-br'] = "Eventos";

$text['label-event']['en-us'] = "Event";
$text['label-event']['pt-br'] = "Evento";

$text['label-all_events']['en-us'] = "all";
$text['label-all_events']['pt-br'] = "todos";

$text['label-all_webhooks']['en-us'] = "All webhooks";
$text['label-all_webhooks']['pt-br'] = "Todos os webhooks";

$text['label-any_status']['en-us'] = "Any status";
$text['label-any_status']['pt-br'] = "Qualquer situação";

$text['label-tries']['en-us'] = "Tries";
$text['label-tries']['pt-br'] = "Tentativas";

$text['label-next_try']['en-us'] = "Next try";
$text['label-next_try']['pt-br'] = "Próxima tentativa";

$text['label-answer']['en-us'] = "Answer";
$text['label-answer']['pt-br'] = "Resposta";

$text['label-webhook_standard']['en-us'] = "Standard Webhooks";
$text['label-webhook_standard']['pt-br'] = "Standard Webhooks";

$text['label-webhook_omniplay']['en-us'] = "OmniPlay";
$text['label-webhook_omniplay']['pt-br'] = "OmniPlay";

$text['label-webhook_token']['en-us'] = "Bearer token";
$text['label-webhook_token']['pt-br'] = "Token (bearer)";

$text['label-webhook_headers']['en-us'] = "More headers";
$text['label-webhook_headers']['pt-br'] = "Outros cabeçalhos";

$text['label-company_id']['en-us'] = "Number of the company";
$text['label-company_id']['pt-br'] = "Número da empresa";

$text['label-event_call_completed']['en-us'] = "Call completed";
$text['label-event_call_completed']['pt-br'] = "Chamada concluída";

$text['label-event_ticket_requested']['en-us'] = "Ticket requested";
$text['label-event_ticket_requested']['pt-br'] = "Chamado solicitado";

$text['label-delivery_pending']['en-us'] = "waiting";
$text['label-delivery_pending']['pt-br'] = "aguardando";

$text['label-delivery_delivered']['en-us'] = "delivered";
$text['label-delivery_delivered']['pt-br'] = "entregue";

$text['label-delivery_dead']['en-us'] = "given up";
$text['label-delivery_dead']['pt-br'] = "desistido";

$text['label-secret_once']['en-us'] = "Signing secret, shown this one time:";
$text['label-secret_once']['pt-br'] = "Segredo de assinatura, mostrado só desta vez:";

$text['button-deliveries']['en-us'] = "Deliveries";
$text['button-deliveries']['pt-br'] = "Entregas";

$text['button-omniplay']['en-us'] = "OmniPlay";
$text['button-omniplay']['pt-br'] = "OmniPlay";

$text['button-rotate']['en-us'] = "New secret";
$text['button-rotate']['pt-br'] = "Novo segredo";

$text['button-replay']['en-us'] = "Send again";
$text['button-replay']['pt-br'] = "Enviar de novo";

$text['description-voice_webhooks']['en-us'] = "Your own systems, told of what happened, each signed and tried again until it arrives. OmniPlay is optional.";
$text['description-voice_webhooks']['pt-br'] = "Seus próprios sistemas, avisados do que aconteceu, com assinatura e novas tentativas até chegar. O OmniPlay é opcional.";

$text['description-voice_webhook_edit']['en-us'] = "The signing secret is shown once after saving.";
$text['description-voice_webhook_edit']['pt-br'] = "O segredo de assinatura é mostrado uma vez, depois de salvar.";

$text['description-voice_deliveries']['en-us'] = "What was sent, and what came of it.";
$text['description-voice_deliveries']['pt-br'] = "O que foi enviado e o que resultou.";

$text['description-webhook_kind']['en-us'] = "Standard Webhooks: for anything of your own. OmniPlay: as that CRM wants it.";
$text['description-webhook_kind']['pt-br'] = "Standard Webhooks: para qualquer sistema seu. OmniPlay: como esse CRM quer.";

$text['description-webhook_url']['en-us'] = "Events are sent there by POST. Addresses in private networks must be allowed by the operator.";
$text['description-webhook_url']['pt-br'] = "Os eventos são enviados para lá por POST. Endereços em redes privadas precisam ser permitidos pelo operador.";

$text['description-webhook_token']['en-us'] = "What the receiver wants to see, if anything.";
$text['description-webhook_token']['pt-br'] = "O que o receptor quer ver, se quiser.";

$text['description-webhook_headers']['en-us'] = "One a line, as Name: value. No secrets.";
$text['description-webhook_headers']['pt-br'] = "Um por linha, como Nome: valor. Sem segredos.";

$text['description-company_id']['en-us'] = "Which company of OmniPlay this domain is.";
$text['description-company_id']['pt-br'] = "Qual empresa do OmniPlay é este domínio.";

$text['description-event_call_completed']['en-us'] = "A call is over, with its transcript.";
$text['description-event_call_completed']['pt-br'] = "Uma chamada acabou, com a transcrição.";

$text['description-event_ticket_requested']['en-us'] = "A caller asked for something the staff is to deal with. Secretaries offer it only where a webhook takes it.";
$text['description-event_ticket_requested']['pt-br'] = "Alguém pediu algo que a equipe deve resolver. As secretárias só o oferecem onde um webhook o recebe.";

$text['message-rotated']['en-us'] = "The old secret still signs beside the new one for a day.";
$text['message-rotated']['pt-br'] = "O segredo antigo ainda assina ao lado do novo por um dia.";

$text['message-replayed']['en-us'] = "Sent again.";
$text['message-replayed']['pt-br'] = "Enviados de novo.";

$text['label-write']['en-us'] = "Write to it";
$text['label-write']['pt-br'] = "Escreva para ela";

$text['label-phone']['en-us'] = "Test phone";
$text['label-phone']['pt-br'] = "Telefone de teste";

$text['button-say']['en-us'] = "Say";
$text['button-say']['pt-br'] = "Dizer";

$text['button-again']['en-us'] = "Again";
$text['button-again']['pt-br'] = "Recomeçar";

$text['description-voice_try']['en-us'] = "What callers would hear, before they do. The published version answers.";
$text['description-voice_try']['pt-br'] = "O que se ouviria, antes de alguém ouvir. Responde a versão publicada.";

$text['message-none_published']['en-us'] = "No secretary is published yet.";
$text['message-none_published']['pt-br'] = "Nenhuma secretária foi publicada ainda.";

$text['message-no_phone']['en-us'] = "The test phone needs the bridge with VOICE_AI_PHONE=true, and its address in Settings.";
$text['message-no_phone']['pt-br'] = "O telefone de teste precisa da ponte com VOICE_AI_PHONE=true e do endereço dela em Configurações.";

$text['message-phone_https']['en-us'] = "Browsers give the microphone to https pages only; localhost is an exception.";
$text['message-phone_https']['pt-br'] = "Os navegadores só dão o microfone a páginas https; localhost é exceção.";

$text['message-not_realtime']['en-us'] = "This secretary is in turn mode, or there is no bridge: the phone needs realtime.";
$text['message-not_realtime']['pt-br'] = "Esta secretária está por turnos, ou não há ponte: o telefone requer tempo real.";

?>
